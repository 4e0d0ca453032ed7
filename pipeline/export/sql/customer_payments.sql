-- Per customer and currency: how many payments, what was completed, when, and how long
-- ago. A payment whose customer is not in the customers list stays, and says so.
WITH per_customer AS (
    SELECT
        customer_id,
        currency,
        count(*) AS payments,
        count(*) FILTER (status_group = 'success') AS completed,
        count(*) FILTER (status_group = 'failed') AS failed,
        sum(amount) FILTER (status_group = 'success') AS completed_amount,
        min(created_at) AS first_payment_at,
        max(created_at) AS last_payment_at,
        date_diff(
            'day', max(created_date_local), CAST($today AS DATE)
        ) AS days_since_last
    FROM paid
    GROUP BY customer_id, currency
),
everyone AS (
    SELECT DISTINCT id AS customer_id FROM customers
)
SELECT
    customer_id,
    CASE WHEN $with_customers THEN everyone.customer_id IS NOT NULL END AS known_customer,
    currency,
    coalesce(payments, 0) AS payments,
    coalesce(completed, 0) AS completed,
    coalesce(failed, 0) AS failed,
    completed_amount,
    first_payment_at,
    last_payment_at,
    days_since_last,
    failed / nullif(completed + failed, 0) AS failure_share
FROM per_customer
FULL JOIN everyone USING (customer_id)
ORDER BY customer_id, currency
