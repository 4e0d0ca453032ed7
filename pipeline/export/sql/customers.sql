-- The customers of the export, in a stable order.
SELECT {columns}
FROM read_parquet({parts})
SEMI JOIN keep_customers USING (_seq)
ORDER BY created_at, id, _key
