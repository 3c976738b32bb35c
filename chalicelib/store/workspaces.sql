-- name: find
SELECT id FROM workspaces WHERE name = %(name)s

-- name: make
INSERT INTO workspaces (name) VALUES (%(name)s) ON CONFLICT (name) DO NOTHING

-- name: key
SELECT workspace_id, prefix, scopes, expires_at FROM api_keys WHERE key_hash = %(key_hash)s

-- name: add_key
INSERT INTO api_keys (workspace_id, name, prefix, key_hash, scopes, expires_at)
VALUES (%(workspace_id)s, %(name)s, %(prefix)s, %(key_hash)s, %(scopes)s, %(expires_at)s)
ON CONFLICT (workspace_id, key_hash) DO NOTHING
