-- Which staged rows count: of each key the row that was read last, among the rows of
-- the sweep that agreed with the API (0: of all sweeps).
CREATE OR REPLACE TEMP TABLE keep_{table} AS
SELECT max(_seq) AS _seq
FROM read_parquet({parts})
WHERE $sweep = 0 OR _sweep = $sweep
GROUP BY _key
