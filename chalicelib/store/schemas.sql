-- name: read
SELECT id, fields, default_currency, default_locale, version, created_at, updated_at FROM product_schemas
WHERE workspace_id = %(workspace_id)s

-- name: replace
-- The version rises only when something changed, so that an unchanged schema leaves unchanged rows unchanged.
INSERT INTO product_schemas AS schema (workspace_id, fields, default_currency, default_locale, created_at, updated_at)
VALUES (%(workspace_id)s, %(fields)s, %(default_currency)s, %(default_locale)s, %(now)s, %(now)s)
ON CONFLICT (workspace_id) DO UPDATE SET
    version = schema.version + CASE WHEN (schema.fields, schema.default_currency, schema.default_locale)
        IS DISTINCT FROM (excluded.fields, excluded.default_currency, excluded.default_locale) THEN 1 ELSE 0 END,
    fields = excluded.fields, default_currency = excluded.default_currency, default_locale = excluded.default_locale,
    updated_at = excluded.updated_at
RETURNING id, fields, default_currency, default_locale, version, created_at, updated_at

-- name: lock
-- The schema, made when there is none, and held to the transaction's end.
INSERT INTO product_schemas AS schema (workspace_id, fields, default_currency, default_locale, created_at, updated_at)
VALUES (%(workspace_id)s, '[]', %(default_currency)s, %(default_locale)s, %(now)s, %(now)s)
ON CONFLICT (workspace_id) DO UPDATE SET workspace_id = excluded.workspace_id
RETURNING id, fields, default_currency, default_locale, version, created_at, updated_at

-- name: learned
SELECT header_key, field, transforms FROM learned_mappings
WHERE workspace_id = %(workspace_id)s AND header_key = ANY(%(header_keys)s)

-- name: learn
INSERT INTO learned_mappings (workspace_id, header_key, field, transforms, learned_at)
SELECT %(workspace_id)s, learned.header_key, learned.field, learned.transforms, %(now)s
FROM unnest(%(header_keys)s::text[], %(fields)s::text[], %(transforms)s::jsonb[])
  AS learned (header_key, field, transforms)
ORDER BY learned.header_key
ON CONFLICT (workspace_id, header_key) DO UPDATE SET
    field = excluded.field, transforms = excluded.transforms, learned_at = excluded.learned_at
