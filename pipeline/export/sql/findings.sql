-- What was noted about the exported rows, counted, with the first five keys of each.
WITH noted AS (
    SELECT _key, unnest(from_json(_noted, '[["VARCHAR"]]')) AS note
    FROM ({rows})
)
SELECT
    note[1] AS rule,
    note[2] AS field,
    note[3] AS detail,
    count(*) AS count,
    list(DISTINCT _key ORDER BY _key)[:5] AS examples
FROM noted
GROUP BY ALL
ORDER BY ALL
