-- What a closed month keeps of each payment, every value as text.
SELECT
    coalesce(reference, id) AS reference,
    strftime(created_date_local, '%Y-%m') AS month,
    CAST(amount AS VARCHAR) AS amount,
    CAST(amount_total AS VARCHAR) AS amount_total,
    CAST(converted_amount AS VARCHAR) AS converted_amount,
    CAST(fee AS VARCHAR) AS fee,
    fee_bearer,
    currency,
    status,
    channel,
    customer_id,
    CAST(sandbox AS VARCHAR) AS sandbox,
    CAST(created_at AS VARCHAR) AS created_at,
    CAST(completed_at AS VARCHAR) AS completed_at
FROM payments
ORDER BY reference
