-- name: add
-- Whether it is the first announced one waiting: only that one needs a message. One that is being taken (it is locked) no
-- longer waits; one that is not cannot be taken before this transaction ends, and whoever takes it looks again then.
WITH waiting AS MATERIALIZED (
    SELECT id FROM catalog_changes WHERE workspace_id = %(workspace_id)s AND announced AND %(announced)s
    ORDER BY id LIMIT 1 FOR KEY SHARE SKIP LOCKED
)
INSERT INTO catalog_changes (workspace_id, created, deleted, fields, announced)
SELECT %(workspace_id)s, %(created)s, %(deleted)s, %(fields)s::text[], %(announced)s
RETURNING %(announced)s AND NOT EXISTS (SELECT FROM waiting)

-- name: take
-- All that waits, taken away and folded into the total: which fields moved, and whether products came or went.
WITH total AS (
    INSERT INTO catalog_totals AS total (workspace_id, products) VALUES (%(workspace_id)s, 0)
    ON CONFLICT (workspace_id) DO UPDATE SET products = total.products RETURNING products
), taken AS (
    DELETE FROM catalog_changes WHERE workspace_id = %(workspace_id)s AND (SELECT count(*) FROM total) = 1
    RETURNING created, deleted, fields
)
SELECT coalesce(sum(created), 0), coalesce(sum(deleted), 0), count(*),
       ARRAY(SELECT DISTINCT unnest(fields) FROM taken)
FROM taken

-- name: fold
UPDATE catalog_totals SET products = products + %(change)s WHERE workspace_id = %(workspace_id)s

-- name: count
SELECT coalesce((SELECT products FROM catalog_totals WHERE workspace_id = %(workspace_id)s), 0)
     + coalesce((SELECT sum(created - deleted) FROM catalog_changes WHERE workspace_id = %(workspace_id)s), 0)

-- name: any
SELECT EXISTS (SELECT FROM catalog_changes WHERE workspace_id = %(workspace_id)s)

-- name: waiting
SELECT workspace_id FROM catalog_changes WHERE created_at < %(before)s
GROUP BY workspace_id ORDER BY min(created_at) LIMIT %(limit)s
