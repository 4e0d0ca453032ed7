-- What differs between the state before and now, by key: added, changed (in which
-- fields) or gone. {differing} is one comparison a column.
SELECT
    coalesce(now._key, before._key) AS key,
    CASE
        WHEN before._key IS NULL THEN 'added'
        WHEN now._key IS NULL THEN 'gone'
        ELSE 'changed'
    END AS change,
    CASE
        WHEN before._key IS NOT NULL AND now._key IS NOT NULL
        THEN list_filter([{differing}], lambda name: name IS NOT NULL)
        ELSE []
    END AS fields
FROM {before} AS before
FULL JOIN {now} AS now ON now._key = before._key
WHERE before._key IS NULL
   OR now._key IS NULL
   OR len(list_filter([{differing}], lambda name: name IS NOT NULL)) > 0
ORDER BY key
