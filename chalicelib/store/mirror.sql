-- name: create_table
-- The catalogue as segments and facets read it. Prices are {amount, currency} with the amount a number, datetimes ISO
-- text in UTC, lists arrays: one subcolumn answers a condition.
CREATE TABLE IF NOT EXISTS products (
    workspace UInt64,
    sku String,
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

-- name: count
SELECT count() FROM products FINAL WHERE workspace = {workspace:UInt64}

-- name: skus
SELECT sku, name, version FROM products FINAL WHERE workspace = {workspace:UInt64} ORDER BY sku
