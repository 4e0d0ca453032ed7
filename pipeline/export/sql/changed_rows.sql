-- The exported rows that were added or changed.
SELECT _seq
FROM ({rows})
WHERE _key IN (SELECT key FROM read_parquet({changes}) WHERE change <> 'gone')
