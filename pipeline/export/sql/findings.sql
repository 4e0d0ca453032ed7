-- What was noted about the exported rows, counted, with the first five keys of each.
WITH noted AS (
    SELECT _key, unnest(_noted) AS note
    FROM ({rows})
)
SELECT
    note.rule,
    note.field,
    note.detail,
    count(*) AS count,
    list(DISTINCT _key ORDER BY _key)[:5] AS examples
FROM noted
GROUP BY ALL
ORDER BY ALL
