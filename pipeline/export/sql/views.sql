-- What the report tables read: the exported files; sandbox payments are never counted.
CREATE OR REPLACE TEMP VIEW customers AS SELECT * FROM read_parquet({customers});
CREATE OR REPLACE TEMP VIEW payments AS SELECT * FROM read_parquet({payments});
CREATE OR REPLACE TEMP VIEW paid AS SELECT * FROM payments WHERE sandbox IS NOT TRUE;
