-- What the head of the workbook says.
SELECT
    count(*) FILTER (sandbox) AS sandbox,
    count(*) FILTER (sandbox IS NOT TRUE AND status_group = 'pending') AS pending,
    count(*) FILTER (sandbox IS NOT TRUE AND fee IS NULL) AS fees,
    count(*) FILTER (sandbox IS NOT TRUE AND net_amount IS NULL) AS nets
FROM payments
