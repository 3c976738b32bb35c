-- name: add
-- One that is there stays as it is, ignored or not. In key order, so that two chunks never wait for each other in a
-- circle.
INSERT INTO pending_eans (workspace_id, ean, printed, supplier_code, description, job_id)
SELECT DISTINCT ON (found.ean) %(workspace_id)s, found.ean, found.printed, %(supplier_code)s,
       left(found.description, 500), %(job_id)s
FROM unnest(%(eans)s::text[], %(printed)s::text[], %(descriptions)s::text[])
    WITH ORDINALITY AS found (ean, printed, description, place)
WHERE NOT EXISTS (
    SELECT FROM products WHERE products.workspace_id = %(workspace_id)s AND products.ean = found.ean)
ORDER BY found.ean, found.place
ON CONFLICT (workspace_id, ean, supplier_code) DO NOTHING

-- name: resolve
-- Nothing is looked for where nothing waits, as in most workspaces. A join, because an array that is compared with every
-- waiting EAN in turn takes seconds for a chunk.
WITH resolved AS MATERIALIZED (
    SELECT pending.id FROM jsonb_array_elements_text(%(eans)s::jsonb) AS wanted (ean)
    JOIN pending_eans pending ON pending.workspace_id = %(workspace_id)s AND pending.ean = wanted.ean
    WHERE pending.ignored_at IS NULL
      AND (SELECT EXISTS (SELECT FROM pending_eans WHERE workspace_id = %(workspace_id)s AND ignored_at IS NULL))
    ORDER BY pending.ean, pending.supplier_code FOR UPDATE OF pending
)
DELETE FROM pending_eans USING resolved
WHERE pending_eans.workspace_id = %(workspace_id)s AND pending_eans.id = resolved.id

-- name: count
SELECT count(*) FROM pending_eans pending
WHERE workspace_id = %(workspace_id)s AND ignored_at IS NULL
  AND (%(supplier_code)s::text IS NULL OR supplier_code = %(supplier_code)s)
  AND (strpos(printed, %(search)s) > 0 OR strpos(ean, %(search)s) > 0
       OR strpos(lower(description), lower(%(search)s)) > 0)
  AND NOT EXISTS (SELECT FROM products WHERE products.workspace_id = %(workspace_id)s AND products.ean = pending.ean)

-- name: page
-- A product may have come at the very moment an import met its EAN: what has one is never shown.
SELECT id, ean, printed, nullif(supplier_code, ''), description, first_seen_at FROM pending_eans pending
WHERE workspace_id = %(workspace_id)s AND ignored_at IS NULL
  AND (%(supplier_code)s::text IS NULL OR supplier_code = %(supplier_code)s)
  AND (strpos(printed, %(search)s) > 0 OR strpos(ean, %(search)s) > 0
       OR strpos(lower(description), lower(%(search)s)) > 0)
  AND NOT EXISTS (SELECT FROM products WHERE products.workspace_id = %(workspace_id)s AND products.ean = pending.ean)
ORDER BY first_seen_at DESC, id LIMIT %(limit)s OFFSET %(offset)s

-- name: ignore
WITH chosen AS MATERIALIZED (
    SELECT id FROM pending_eans
    WHERE workspace_id = %(workspace_id)s AND id = ANY(%(ids)s::uuid[]) AND ignored_at IS NULL
    ORDER BY ean, supplier_code FOR UPDATE
)
UPDATE pending_eans SET ignored_at = %(now)s FROM chosen
WHERE pending_eans.workspace_id = %(workspace_id)s AND pending_eans.id = chosen.id

-- name: knows
SELECT FROM pending_eans WHERE workspace_id = %(workspace_id)s AND id = %(id)s
