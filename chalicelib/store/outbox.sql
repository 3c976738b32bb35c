-- name: add
INSERT INTO mirror_outbox (workspace_id, skus) VALUES (%(workspace_id)s, %(skus)s)

-- name: add_incoming
INSERT INTO mirror_outbox (workspace_id, skus) SELECT %(workspace_id)s, array_agg(sku) FROM incoming HAVING count(*) > 0

-- name: take
-- The oldest entry nobody else is at.
SELECT id FROM mirror_outbox WHERE workspace_id = %(workspace_id)s ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED

-- name: copy_entry
-- The products of one entry as they stand now, and a tombstone for each that a deletion took away, in the mirror's column
-- order. PostgreSQL's COPY text and ClickHouse's TabSeparated escape alike, so the bytes go over as they are.
COPY (
    SELECT entry.workspace_id, touched.sku, coalesce(product.name, ''), product.ean, coalesce(product.source, ''),
           product.supplier_code, product.ai_readability_score,
           to_char(coalesce(product.created_at, entry.created_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'),
           to_char(coalesce(product.updated_at, entry.created_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'),
           coalesce(product.data, '{}'), coalesce(product.version, entry.tombstone_version),
           CASE WHEN product.id IS NULL THEN 1 ELSE 0 END
    FROM mirror_outbox entry
    CROSS JOIN LATERAL unnest(entry.skus) AS touched (sku)
    LEFT JOIN products product ON product.workspace_id = entry.workspace_id AND product.sku = touched.sku
    WHERE entry.workspace_id = %(workspace_id)s AND entry.id = %(entry_id)s
      AND (product.id IS NOT NULL OR entry.tombstone_version IS NOT NULL)
) TO STDOUT

-- name: remove
DELETE FROM mirror_outbox WHERE workspace_id = %(workspace_id)s AND id = %(entry_id)s

-- name: waiting
-- Workspaces with something for the mirror, the longest waiting first.
SELECT workspace_id FROM mirror_outbox GROUP BY workspace_id ORDER BY min(id) LIMIT %(limit)s

-- name: depth
SELECT count(*) FROM mirror_outbox WHERE workspace_id = %(workspace_id)s
