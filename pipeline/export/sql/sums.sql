-- Control totals of the exported payments; the sandbox's are kept apart.
SELECT
    coalesce(sandbox, false) AS sandbox,
    currency,
    status,
    status_group,
    count(*) AS payments,
    coalesce(sum(amount), 0) AS amount,
    count(*) FILTER (amount IS NULL) AS amount_unknown
FROM read_parquet({payments})
GROUP BY ALL
ORDER BY ALL
