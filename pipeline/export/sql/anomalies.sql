-- Which payment has what that should be looked at, one line each.
WITH noted AS (
    SELECT
        coalesce(reference, id) AS reference,
        unnest(from_json(_noted, '[["VARCHAR"]]')) AS note
    FROM ({rows})
    WHERE sandbox IS NOT TRUE
)
SELECT reference, note[1] AS rule, note[2] AS field, note[3] AS detail
FROM noted
ORDER BY rule, reference, field
