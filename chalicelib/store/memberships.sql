-- Who is in which segment, and who would be. {where} stands for the condition that the compiler made; its values are
-- bound like all others. "shown" is what a person is shown of it.

-- name: preview
-- How many match, and the first of them, in one reading.
SELECT count(), groupArraySorted(100)(sku) FROM products FINAL WHERE workspace = {workspace:UInt64} AND ({where})

-- name: shown
SELECT sku FROM products FINAL WHERE workspace = {workspace:UInt64} AND ({where}) ORDER BY sku

-- name: compute
INSERT INTO segment_members (workspace, segment, compute, sku)
SELECT workspace, {segment:UInt64}, {compute:UInt64}, sku
FROM products FINAL WHERE workspace = {workspace:UInt64} AND ({where})

-- name: count
SELECT count() FROM segment_members
WHERE workspace = {workspace:UInt64} AND segment = {segment:UInt64} AND compute = {compute:UInt64}

-- name: differs
-- Whether two computes of a segment hold different members.
SELECT count() > 0 FROM (
    SELECT sku FROM segment_members
    WHERE workspace = {workspace:UInt64} AND segment = {segment:UInt64} AND compute IN {computes:Array(UInt64)}
    GROUP BY sku HAVING count() = 1 LIMIT 1)

-- name: page
SELECT sku FROM segment_members
WHERE workspace = {workspace:UInt64} AND segment = {segment:UInt64} AND compute = {compute:UInt64}
ORDER BY sku LIMIT {limit:UInt64} OFFSET {offset:UInt64}

-- name: after
SELECT sku FROM segment_members
WHERE workspace = {workspace:UInt64} AND segment = {segment:UInt64} AND compute = {compute:UInt64} AND sku > {after:String}
ORDER BY sku LIMIT {limit:UInt64}

-- name: holding
-- Which of these segments hold a product, by the computes that are current.
SELECT segment FROM segment_members
WHERE workspace = {workspace:UInt64} AND segment IN {segments:Array(UInt64)} AND compute IN {computes:Array(UInt64)}
  AND sku = {sku:String}

-- name: holding_many
-- How many of these products each of these segments holds, by the computes that are current.
SELECT segment, count() FROM segment_members
WHERE workspace = {workspace:UInt64} AND segment IN {segments:Array(UInt64)} AND compute IN {computes:Array(UInt64)}
  AND sku IN {skus:Array(String)}
GROUP BY segment

-- name: explain
SELECT {columns} FROM products FINAL WHERE workspace = {workspace:UInt64} AND sku = {sku:String}

-- name: drop
DELETE FROM segment_members
WHERE workspace IN {workspaces:Array(UInt64)} AND segment IN {segments:Array(UInt64)}
  AND compute IN {computes:Array(UInt64)}
