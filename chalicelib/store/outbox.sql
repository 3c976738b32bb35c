-- name: add
INSERT INTO mirror_outbox (workspace_id, skus) VALUES (%(workspace_id)s, %(skus)s) RETURNING id

-- name: add_incoming
INSERT INTO mirror_outbox (workspace_id, skus) SELECT %(workspace_id)s, array_agg(sku) FROM incoming RETURNING id

-- name: add_restored
-- The version of the tombstones, if some are gone, is drawn once their rows are ours.
INSERT INTO mirror_outbox (workspace_id, skus, tombstone_version)
VALUES (%(workspace_id)s, %(skus)s, CASE WHEN %(removed)s THEN nextval('products_version') END) RETURNING id

-- name: take
-- The oldest entry after another that nobody else is at.
SELECT id FROM mirror_outbox WHERE workspace_id = %(workspace_id)s AND id > %(after)s
ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED

-- name: lines
-- The products of one entry as they stand now, and a tombstone for each that a deletion took away. One value, not a row
-- each: the bytes go over to ClickHouse as they are.
SELECT string_agg(
    CASE WHEN product.id IS NOT NULL THEN mirror_line(product)
         ELSE json_build_object('workspace', entry.workspace_id, 'sku', touched.sku, 'version', entry.tombstone_version,
                                'deleted', 1)::text END, E'\n')
FROM mirror_outbox entry
CROSS JOIN LATERAL unnest(entry.skus) AS touched (sku)
LEFT JOIN products product ON product.workspace_id = entry.workspace_id AND product.sku = touched.sku
WHERE entry.workspace_id = %(workspace_id)s AND entry.id = %(entry_id)s
  AND (product.id IS NOT NULL OR entry.tombstone_version IS NOT NULL)

-- name: remove
DELETE FROM mirror_outbox WHERE workspace_id = %(workspace_id)s AND id = %(entry_id)s

-- name: remove_for_job
WITH gone AS (DELETE FROM mirror_outbox WHERE workspace_id = %(workspace_id)s AND id = %(entry_id)s)
UPDATE import_jobs SET spent = spent || jsonb_build_object('run', add_up(spent -> 'run', %(spent)s))
WHERE workspace_id = %(workspace_id)s AND id = %(job_id)s

-- name: is_late
SELECT EXISTS (
    SELECT FROM mirror_outbox
    WHERE workspace_id = %(workspace_id)s AND created_at <= clock_timestamp() - make_interval(secs => %(seconds)s)
)

-- name: oldest
SELECT min(created_at) FROM mirror_outbox WHERE workspace_id = %(workspace_id)s

-- name: newest
SELECT max(id) FROM mirror_outbox WHERE workspace_id = %(workspace_id)s

-- name: left
-- Waits for whoever holds one of them: what was sent is gone then.
SELECT id FROM mirror_outbox WHERE workspace_id = %(workspace_id)s AND id <= %(up_to)s FOR SHARE

-- name: waiting
-- Workspaces with something for the mirror, the longest waiting first.
SELECT workspace_id FROM mirror_outbox GROUP BY workspace_id ORDER BY min(id) LIMIT %(limit)s

-- name: depth
SELECT count(*) FROM mirror_outbox WHERE workspace_id = %(workspace_id)s
