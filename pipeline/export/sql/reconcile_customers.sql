-- Every claim against the export, then the customers that no run names. What the API
-- rewrites is no difference: e-mails without case, phones by E.164, names by NFC and
-- blanks, metadata as text.
WITH exported AS (
    SELECT * FROM read_parquet({customers})
),
compared AS (
    SELECT
        claims.*,
        exported.id IS NULL AS is_gone,
        exported.phone_e164,
        CASE
            WHEN claims.field = 'name' THEN exported.name
            WHEN claims.field = 'email' THEN exported.email
            WHEN claims.field = 'phone' THEN exported.phone
            WHEN starts_with(claims.field, 'metadata.') THEN json_extract_string(
                coalesce(nullif(exported.metadata, ''), '{{}}'),
                '/' || replace(replace(substr(claims.field, 10), '~', '~0'), '/', '~1')
            )
        END AS found
    FROM claims
    LEFT JOIN exported ON exported.id = claims.customer_id
),
judged AS (
    SELECT
        CASE
            WHEN coalesce(written, '') = '' AND coalesce(found, '') = '' AND NOT is_gone
            THEN 'equal'
            WHEN coalesce(found, '') = '' THEN 'missing'
            WHEN CASE field
                WHEN 'email' THEN lower(trim(found)) = lower(trim(written))
                WHEN 'phone' THEN written IN (found, phone_e164)
                WHEN 'name' THEN
                    nfc_normalize(regexp_replace(trim(found), '\s+', ' ', 'g'))
                    = nfc_normalize(regexp_replace(trim(written), '\s+', ' ', 'g'))
                ELSE found = written
            END THEN 'equal'
            ELSE 'changed'
        END AS result,
        customer_id,
        field,
        written,
        found,
        run_id,
        row,
        CASE WHEN is_gone THEN 'no_such_customer' END AS note
    FROM compared
),
extra AS (
    SELECT
        'extra' AS result,
        exported.id AS customer_id,
        NULL AS field,
        NULL AS written,
        coalesce(exported.name, exported.email, exported.phone) AS found,
        NULL AS run_id,
        NULL AS row,
        NULL AS note
    FROM exported
    ANTI JOIN (SELECT DISTINCT customer_id FROM outcomes) AS named
        ON named.customer_id = exported.id
)
SELECT * FROM judged
UNION ALL
SELECT * FROM extra
ORDER BY list_position(['changed', 'missing', 'extra', 'equal'], result),
    customer_id, field
