-- Totals by currency, status and channel: what the formulas of the workbook add up to.
SELECT
    currency,
    status_group,
    status,
    channel,
    count(*) AS payments,
    coalesce(sum(amount), 0) AS amount,
    coalesce(sum(fee), 0) AS fee,
    coalesce(sum(net_amount), 0) AS net_amount
FROM paid
GROUP BY ALL
ORDER BY currency, status_group, status, channel
