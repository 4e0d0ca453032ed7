"""The pipeline as a provider of Apache Airflow; the rest of the house never imports it."""
