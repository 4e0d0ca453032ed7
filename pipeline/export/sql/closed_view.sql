-- The frozen payments of a closed month.
CREATE OR REPLACE TEMP VIEW closed AS SELECT * FROM read_parquet({frozen})
