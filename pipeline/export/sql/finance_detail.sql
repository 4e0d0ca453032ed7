-- The payments themselves, with local times.
SELECT
    reference,
    merchant_reference,
    customer_id,
    strftime(created_at AT TIME ZONE $zone, '%Y-%m-%d %H:%M:%S') AS created,
    strftime(completed_at AT TIME ZONE $zone, '%Y-%m-%d %H:%M:%S') AS completed,
    currency,
    amount,
    fee,
    net_amount,
    status_group,
    status,
    channel,
    description
FROM paid
WHERE NOT $only_pending OR status_group = 'pending'
ORDER BY created_at, reference
