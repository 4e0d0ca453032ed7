-- What runs say they wrote: of each customer and field the newest write. A customer
-- that an undo deleted is claimed by nobody. Run ids sort by time.
CREATE OR REPLACE TEMP TABLE claims AS
WITH written AS (
    SELECT
        plan.run_id,
        plan.row,
        plan.action,
        coalesce(outcomes.customer_id, plan.customer_id) AS customer_id,
        plan.field,
        plan.new AS written
    FROM plans AS plan
    JOIN outcomes USING (run_id, row)
    WHERE outcomes.outcome IN ('created', 'updated')
      AND plan.action IN ('create', 'update', 'delete')
      AND plan.field IS NOT NULL
),
deleted AS (
    SELECT customer_id, max(run_id) AS run_id
    FROM written WHERE action = 'delete' GROUP BY customer_id
)
SELECT written.*
FROM written
LEFT JOIN deleted USING (customer_id)
WHERE deleted.run_id IS NULL OR written.run_id > deleted.run_id
QUALIFY row_number() OVER (
    PARTITION BY written.customer_id, written.field
    ORDER BY written.run_id DESC, written.row DESC
) = 1
