-- Field by field what changed in a closed month: old as it was frozen, new as it is.
-- A payment that came or went has one line, its field is `payment`.
WITH current AS (
    SELECT
        coalesce(reference, id) AS reference,
        strftime(created_date_local, '%Y-%m') AS month,
        CAST(amount AS VARCHAR) AS amount,
        CAST(amount_total AS VARCHAR) AS amount_total,
        CAST(converted_amount AS VARCHAR) AS converted_amount,
        CAST(fee AS VARCHAR) AS fee,
        fee_bearer,
        currency,
        status,
        channel,
        customer_id,
        CAST(sandbox AS VARCHAR) AS sandbox,
        CAST(created_at AS VARCHAR) AS created_at,
        CAST(completed_at AS VARCHAR) AS completed_at
    FROM payments
),
-- A payment whose day of creation moved out of the month is still looked at.
here AS (
    SELECT * FROM current
    WHERE month = $month OR reference IN (SELECT reference FROM closed)
),
was AS (
    UNPIVOT (SELECT * EXCLUDE (month) FROM closed)
    ON COLUMNS(* EXCLUDE (reference)) INTO NAME field VALUE told
),
is_now AS (
    UNPIVOT (SELECT * EXCLUDE (month) FROM here)
    ON COLUMNS(* EXCLUDE (reference)) INTO NAME field VALUE told
),
changed AS (
    SELECT
        coalesce(was.reference, is_now.reference) AS reference,
        coalesce(was.field, is_now.field) AS field,
        was.told AS old,
        is_now.told AS new
    FROM was
    FULL JOIN is_now ON was.reference = is_now.reference AND was.field = is_now.field
    WHERE was.told IS DISTINCT FROM is_now.told
)
SELECT $month AS month, reference, 'payment' AS field, 'absent' AS old, 'present' AS new
FROM here ANTI JOIN closed USING (reference)
UNION ALL
SELECT $month, reference, 'payment', 'present', 'absent'
FROM closed ANTI JOIN here USING (reference)
UNION ALL
SELECT $month, reference, field, old, new
FROM changed
WHERE reference IN (SELECT reference FROM here)
  AND reference IN (SELECT reference FROM closed)
ORDER BY reference, field
