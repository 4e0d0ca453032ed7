-- The controller's list against the export. A line finds its payment by any of the
-- references; of several, the one of that very reference, of its amount, that worked,
-- the newest. A payment belongs to one line only.
WITH paid AS (
    SELECT
        *,
        row_number() OVER (ORDER BY created_at, reference, id) AS place,
        strftime(created_date_local, '%Y-%m') AS month
    FROM read_parquet({payments})
),
named AS (
    SELECT place, reference AS name, 0 AS rank FROM paid
    UNION
    SELECT place, id, 1 FROM paid
    UNION
    SELECT place, merchant_reference, 2 FROM paid
    UNION
    SELECT place, trxref, 3 FROM paid
),
candidates AS (
    SELECT mine.line, paid.place
    FROM mine
    JOIN named ON named.name = mine.reference
    JOIN paid USING (place)
    QUALIFY row_number() OVER (
        PARTITION BY mine.line
        ORDER BY
            named.rank,
            paid.amount IS NOT DISTINCT FROM mine.amount DESC,
            paid.status_group = 'success' DESC,
            paid.created_at DESC,
            paid.place
    ) = 1
),
pairs AS (
    SELECT *, row_number() OVER (PARTITION BY place ORDER BY line) AS turn
    FROM candidates
),
lines AS (
    SELECT
        mine.line,
        mine.reference AS my_reference,
        mine.amount AS my_amount,
        mine.status AS my_status,
        mine.amount_unreadable,
        paid.* EXCLUDE (place),
        pairs.turn,
        pairs.turn = 1 AND NOT (paid.sandbox IS TRUE AND NOT $with_sandbox) AS is_pair,
        mine.amount IS DISTINCT FROM paid.amount AS other_amount,
        CASE
            WHEN mine.status IS NULL THEN paid.status_group <> 'success'
            WHEN mine.status_group = 'other'
            THEN lower(trim(mine.status)) IS DISTINCT FROM lower(trim(paid.status))
            ELSE mine.status_group <> paid.status_group
        END AS other_status
    FROM mine
    LEFT JOIN pairs USING (line)
    LEFT JOIN paid USING (place)
),
judged AS (
    SELECT
        CASE
            WHEN is_pair IS NOT TRUE THEN 'only_mine'
            WHEN other_amount THEN 'amount_differs'
            WHEN other_status THEN 'status_differs'
            ELSE 'matched'
        END AS result,
        line,
        my_reference,
        reference,
        merchant_reference,
        my_amount,
        amount,
        my_amount - amount AS difference,
        currency,
        my_status,
        status,
        status_group,
        created_at,
        CASE
            WHEN amount_unreadable THEN 'amount_unreadable'
            WHEN turn > 1 THEN 'listed_twice'
            WHEN turn IS NULL THEN NULL
            WHEN NOT is_pair THEN 'sandbox'
            WHEN other_amount AND my_amount = amount_total THEN 'equals_amount_total'
            WHEN other_amount AND my_amount = net_amount THEN 'equals_net_amount'
            WHEN other_amount AND other_status THEN 'status_too'
            WHEN month IS DISTINCT FROM $month AND $month IS NOT NULL THEN 'other_month'
        END AS note
    FROM lines
),
missed AS (
    SELECT
        'only_notch_pay' AS result,
        NULL AS line,
        NULL AS my_reference,
        reference,
        merchant_reference,
        NULL AS my_amount,
        amount,
        NULL AS difference,
        currency,
        NULL AS my_status,
        status,
        status_group,
        created_at,
        NULL AS note
    FROM paid
    ANTI JOIN pairs USING (place)
    WHERE ($month IS NULL OR month = $month)
      AND ($with_status OR status_group = 'success')
      AND ($with_sandbox OR sandbox IS NOT TRUE)
)
SELECT * FROM judged
UNION ALL
SELECT * FROM missed
ORDER BY list_position(
    ['amount_differs', 'status_differs', 'only_mine', 'only_notch_pay', 'matched'],
    result
), line, created_at, reference
