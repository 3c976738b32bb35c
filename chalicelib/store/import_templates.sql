-- name: read
-- One version of a template, the newest when none is named.
SELECT template.id, template.name, template.supplier_id, supplier.code, content.version, template.version,
       content.mapping, content.rules, content.options, content.reading, content.transforms,
       template.created_at, template.updated_at
FROM import_templates template
JOIN import_template_versions content
  ON content.workspace_id = %(workspace_id)s AND content.template_id = template.id
 AND content.version = coalesce(%(version)s, template.version)
LEFT JOIN suppliers supplier ON supplier.workspace_id = %(workspace_id)s AND supplier.id = template.supplier_id
WHERE template.workspace_id = %(workspace_id)s AND template.id = %(template_id)s

-- name: lock
-- Nobody else changes it until the transaction ends.
SELECT FROM import_templates WHERE workspace_id = %(workspace_id)s AND id = %(template_id)s FOR UPDATE

-- name: owner_of
SELECT id FROM import_templates WHERE workspace_id = %(workspace_id)s AND name = %(name)s

-- name: create
-- No row back: the name is taken. Of two at once the second waits and gets none.
INSERT INTO import_templates (workspace_id, id, name, supplier_id, created_at, updated_at)
VALUES (%(workspace_id)s, %(template_id)s, %(name)s, %(supplier_id)s, %(now)s, %(now)s)
ON CONFLICT (workspace_id, name) DO NOTHING
RETURNING id

-- name: change
UPDATE import_templates SET name = %(name)s, supplier_id = %(supplier_id)s, version = %(version)s, updated_at = %(now)s
WHERE workspace_id = %(workspace_id)s AND id = %(template_id)s

-- name: add_version
INSERT INTO import_template_versions (
    workspace_id, template_id, version, mapping, rules, options, reading, transforms, created_at
) VALUES (
    %(workspace_id)s, %(template_id)s, %(version)s, %(mapping)s, %(rules)s, %(options)s, %(reading)s, %(transforms)s,
    %(now)s
)

-- name: delete
-- All its versions go with it; the imports that used them keep what they took.
DELETE FROM import_templates WHERE workspace_id = %(workspace_id)s AND id = %(template_id)s RETURNING id

-- name: count
SELECT count(*) FROM import_templates template
LEFT JOIN suppliers supplier ON supplier.workspace_id = %(workspace_id)s AND supplier.id = template.supplier_id
WHERE template.workspace_id = %(workspace_id)s
  AND (%(supplier_code)s::text IS NULL OR supplier.code = %(supplier_code)s)
  AND strpos(lower(template.name), lower(%(search)s)) > 0

-- name: page
SELECT template.id, template.name, template.supplier_id, supplier.code, template.version, template.created_at,
       template.updated_at
FROM import_templates template
LEFT JOIN suppliers supplier ON supplier.workspace_id = %(workspace_id)s AND supplier.id = template.supplier_id
WHERE template.workspace_id = %(workspace_id)s
  AND (%(supplier_code)s::text IS NULL OR supplier.code = %(supplier_code)s)
  AND strpos(lower(template.name), lower(%(search)s)) > 0
ORDER BY template.name LIMIT %(limit)s OFFSET %(offset)s
