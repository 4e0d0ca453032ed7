"""From pages of the API to Parquet, a manifest and report tables."""
