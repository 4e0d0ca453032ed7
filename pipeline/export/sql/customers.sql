-- The customers of the export.
SELECT {columns}
FROM read_parquet({parts})
SEMI JOIN keep_customers USING (_seq)
