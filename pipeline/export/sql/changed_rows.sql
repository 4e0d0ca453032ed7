-- The rows that were added or changed, as they are now.
SELECT {columns}
FROM (
    SELECT *, coalesce(strftime(created_{day}, '%Y-%m'), 'unknown') AS _month
    FROM read_parquet({now})
)
WHERE {key} IN (
    SELECT key FROM read_parquet({changes}) WHERE change <> 'gone'
)
ORDER BY _month, created_at, {key}
