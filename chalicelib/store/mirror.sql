-- name: create_table
-- The catalogue as segments and facets read it. Prices are {amount, currency} with the amount a number, datetimes ISO
-- text in UTC, lists arrays: one subcolumn answers a condition.
CREATE TABLE IF NOT EXISTS products (
    workspace UInt64,
    sku String,
    id UInt64,
    name String,
    ean Nullable(String),
    source LowCardinality(String),
    supplier_code LowCardinality(Nullable(String)),
    ai_readability_score Nullable(UInt8),
    created_at DateTime64(6, 'UTC'),
    updated_at DateTime64(6, 'UTC'),
    data JSON,
    version UInt64,
    deleted UInt8
) ENGINE = ReplacingMergeTree(version, deleted)
ORDER BY (workspace, sku)

-- name: add_id
-- Mirrors made before lists were read from here.
ALTER TABLE products ADD COLUMN IF NOT EXISTS id UInt64 AFTER sku

-- name: create_members_table
-- Who is in a segment, by compute: a set is written whole beside the old one, then PostgreSQL points to it.
CREATE TABLE IF NOT EXISTS segment_members (
    workspace UInt64,
    segment UInt64,
    compute UInt64,
    sku String
) ENGINE = MergeTree
ORDER BY (workspace, segment, compute, sku)

-- name: count
SELECT count() FROM products FINAL WHERE workspace = {workspace:UInt64}

-- name: skus
SELECT sku, name, version FROM products FINAL WHERE workspace = {workspace:UInt64} ORDER BY sku
