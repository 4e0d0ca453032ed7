-- The payments of the export. The API was asked for a day more on each side: local
-- days and the status are decided here.
SELECT {columns}
FROM read_parquet({parts})
SEMI JOIN keep_payments USING (_seq)
WHERE ($since IS NULL OR created_date_local >= $since)
  AND ($until IS NULL OR created_date_local < $until)
  AND ($status IS NULL OR lower(trim(status)) = lower($status))
