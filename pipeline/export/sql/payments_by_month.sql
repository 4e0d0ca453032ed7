-- Per local month, currency, status and channel, once by the day of creation and once
-- by the day of completion. What is not known is counted, never taken for 0.
WITH dated AS (
    SELECT 'created' AS basis, created_date_local AS day, * FROM paid
    UNION ALL
    SELECT 'completed' AS basis, completed_date_local AS day, *
    FROM paid
    WHERE completed_date_local IS NOT NULL
)
SELECT
    coalesce(strftime(day, '%Y-%m'), 'unknown') AS month,
    basis,
    currency,
    status,
    status_group,
    channel,
    count(*) AS payments,
    sum(amount) AS amount,
    sum(fee) AS fee,
    sum(net_amount) AS net_amount,
    count(*) FILTER (fee IS NULL) AS fee_unknown,
    count(*) FILTER (net_amount IS NULL) AS net_unknown
FROM dated
GROUP BY ALL
ORDER BY basis DESC, month, currency, status, channel
