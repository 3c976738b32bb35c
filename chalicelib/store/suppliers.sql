-- name: read
SELECT id, code, name, is_stub, created_at, updated_at FROM suppliers
WHERE workspace_id = %(workspace_id)s AND id = %(supplier_id)s

-- name: lock
-- Nobody else changes it until the transaction ends.
SELECT id, code, name, is_stub, created_at, updated_at FROM suppliers
WHERE workspace_id = %(workspace_id)s AND id = %(supplier_id)s FOR UPDATE

-- name: by_code
SELECT id, code, name, is_stub, created_at, updated_at FROM suppliers
WHERE workspace_id = %(workspace_id)s AND code = %(code)s

-- name: create
-- No row back: the code is taken. Of two at once the second waits and gets none.
INSERT INTO suppliers (workspace_id, id, code, name, is_stub, created_at, updated_at)
VALUES (%(workspace_id)s, %(supplier_id)s, %(code)s, %(name)s, %(is_stub)s, %(now)s, %(now)s)
ON CONFLICT (workspace_id, code) DO NOTHING
RETURNING id, code, name, is_stub, created_at, updated_at

-- name: change
-- Whoever says anything of a supplier makes it more than a stub.
UPDATE suppliers SET code = %(code)s, name = %(name)s, is_stub = false, updated_at = %(now)s
WHERE workspace_id = %(workspace_id)s AND id = %(supplier_id)s
RETURNING id, code, name, is_stub, created_at, updated_at

-- name: delete
-- Its remembered mappings go with it; templates and products stay.
DELETE FROM suppliers WHERE workspace_id = %(workspace_id)s AND id = %(supplier_id)s RETURNING id

-- name: count
SELECT count(*) FROM suppliers
WHERE workspace_id = %(workspace_id)s
  AND (strpos(lower(code), lower(%(search)s)) > 0 OR strpos(lower(name), lower(%(search)s)) > 0)

-- name: page
SELECT id, code, name, is_stub, created_at, updated_at FROM suppliers
WHERE workspace_id = %(workspace_id)s
  AND (strpos(lower(code), lower(%(search)s)) > 0 OR strpos(lower(name), lower(%(search)s)) > 0)
ORDER BY code LIMIT %(limit)s OFFSET %(offset)s

-- name: mapping
SELECT mapping, transforms FROM supplier_mappings
WHERE workspace_id = %(workspace_id)s AND supplier_id = %(supplier_id)s AND headers_key = %(headers_key)s

-- name: remember
-- Nothing is remembered for a supplier that was deleted meanwhile; one that is there is held, so that it stays.
INSERT INTO supplier_mappings (workspace_id, supplier_id, headers_key, mapping, transforms, confirmed_at)
SELECT workspace_id, id, %(headers_key)s, %(mapping)s, %(transforms)s, %(now)s FROM suppliers
WHERE workspace_id = %(workspace_id)s AND id = %(supplier_id)s FOR KEY SHARE
ON CONFLICT (workspace_id, supplier_id, headers_key) DO UPDATE SET
    mapping = excluded.mapping, transforms = excluded.transforms, confirmed_at = excluded.confirmed_at
