-- name: add
INSERT INTO mirror_outbox (workspace_id, skus) VALUES (%(workspace_id)s, %(skus)s)

-- name: add_incoming
INSERT INTO mirror_outbox (workspace_id, skus) SELECT %(workspace_id)s, array_agg(sku) FROM incoming HAVING count(*) > 0

-- name: take
-- The oldest entry nobody else is at.
SELECT id FROM mirror_outbox WHERE workspace_id = %(workspace_id)s ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED

-- name: lines
-- The products of one entry as they stand now, and a tombstone for each that a deletion took away: one JSON line each, as
-- ClickHouse's JSONEachRow takes them. One value and not a row each, glued from texts: half the time of json_build_object.
SELECT string_agg(
    '{"workspace":' || entry.workspace_id
    || ',"sku":' || to_json(touched.sku)
    || ',"name":' || to_json(coalesce(product.name, ''))
    || ',"ean":' || coalesce(to_json(product.ean)::text, 'null')
    || ',"source":' || to_json(coalesce(product.source, ''))
    || ',"supplier_code":' || coalesce(to_json(product.supplier_code)::text, 'null')
    || ',"ai_readability_score":' || coalesce(product.ai_readability_score::text, 'null')
    || ',"created_at":' || extract(epoch FROM coalesce(product.created_at, entry.created_at))
    || ',"updated_at":' || extract(epoch FROM coalesce(product.updated_at, entry.created_at))
    || ',"data":' || coalesce(product.data::text, '{}')
    || ',"version":' || coalesce(product.version, entry.tombstone_version)
    || ',"deleted":' || CASE WHEN product.id IS NULL THEN 1 ELSE 0 END
    || '}', E'\n')
FROM mirror_outbox entry
CROSS JOIN LATERAL unnest(entry.skus) AS touched (sku)
LEFT JOIN products product ON product.workspace_id = entry.workspace_id AND product.sku = touched.sku
WHERE entry.workspace_id = %(workspace_id)s AND entry.id = %(entry_id)s
  AND (product.id IS NOT NULL OR entry.tombstone_version IS NOT NULL)

-- name: remove
DELETE FROM mirror_outbox WHERE workspace_id = %(workspace_id)s AND id = %(entry_id)s

-- name: waiting
-- Workspaces with something for the mirror, the longest waiting first.
SELECT workspace_id FROM mirror_outbox GROUP BY workspace_id ORDER BY min(id) LIMIT %(limit)s

-- name: depth
SELECT count(*) FROM mirror_outbox WHERE workspace_id = %(workspace_id)s
