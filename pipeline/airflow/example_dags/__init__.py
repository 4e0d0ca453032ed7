"""DAGs that run as they are, against whatever `notchpay_default` points to."""
