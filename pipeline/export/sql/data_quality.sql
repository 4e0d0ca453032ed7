-- The whole customer base: completeness by field, valid contacts by today's rules,
-- countries, duplicates that the API holds already, customers without any payment.
WITH base AS (
    SELECT
        *,
        nullif(trim(name), '') IS NOT NULL AS has_name,
        nullif(trim(email), '') IS NOT NULL AS has_email,
        nullif(trim(phone), '') IS NOT NULL AS has_phone,
        metadata IS NOT NULL AND metadata <> '{{}}' AS has_metadata
    FROM customers
),
judged AS (
    SELECT _phone_valid, _email_valid
    FROM read_parquet({staged})
    SEMI JOIN keep_customers USING (_seq)
),
counted AS (SELECT count(*) AS total FROM base),
shared AS (
    SELECT 'email' AS field, lower(trim(email)) AS value, count(*) AS holders
    FROM base WHERE has_email GROUP BY ALL
    UNION ALL
    SELECT 'phone', phone_e164, count(*)
    FROM base WHERE phone_e164 IS NOT NULL GROUP BY ALL
),
payers AS (
    SELECT DISTINCT customer_id AS id FROM paid
),
measures AS (
    SELECT 1 AS place, 'filled' AS measure, 'name' AS field, NULL AS value,
        count(*) FILTER (has_name) AS customers FROM base
    UNION ALL SELECT 1, 'filled', 'email', NULL, count(*) FILTER (has_email) FROM base
    UNION ALL SELECT 1, 'filled', 'phone', NULL, count(*) FILTER (has_phone) FROM base
    UNION ALL
    SELECT 1, 'filled', 'metadata', NULL, count(*) FILTER (has_metadata) FROM base
    UNION ALL
    SELECT 1, 'filled', 'email or phone', NULL, count(*) FILTER (has_email OR has_phone)
    FROM base
    UNION ALL
    SELECT 2, 'valid', 'phone', NULL, count(*) FILTER (_phone_valid) FROM judged
    UNION ALL
    SELECT 2, 'valid', 'email', NULL, count(*) FILTER (_email_valid) FROM judged
    UNION ALL
    SELECT 3, 'country', 'country', country, count(*) FROM base GROUP BY country
    UNION ALL
    SELECT 4, 'number_range', 'phone', left(phone_e164, 6), count(*)
    FROM base WHERE phone_e164 IS NOT NULL GROUP BY ALL
    UNION ALL
    SELECT 5, 'shares_contact', field, NULL, coalesce(sum(holders), 0)
    FROM shared WHERE holders > 1 GROUP BY field
    UNION ALL
    SELECT 6, 'without_payment', NULL, NULL, count(*)
    FROM base ANTI JOIN payers USING (id)
    HAVING $with_payments
)
SELECT
    measure,
    field,
    value,
    customers,
    total AS "of",
    customers / nullif(total, 0) AS share
FROM measures, counted
ORDER BY place, field, customers DESC, value
