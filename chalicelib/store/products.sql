-- name: incoming_table
-- The chunk's changed rows on their way in; one table a session, emptied with each transaction.
CREATE TEMPORARY TABLE IF NOT EXISTS incoming (
    sku text NOT NULL, ean text, name text NOT NULL, data jsonb NOT NULL, raw_data jsonb, row_hash bytea
) ON COMMIT DELETE ROWS

-- name: copy_incoming
COPY incoming (sku, ean, name, data, raw_data, row_hash) FROM STDIN (FORMAT binary)

-- name: upsert_incoming
-- In key order, so that two chunks with the same keys never wait for each other in a circle. Mapped fields are replaced
-- (a blank cell clears its field), fields the file does not speak of stay.
WITH written AS (
    INSERT INTO products AS product
        (workspace_id, sku, ean, name, data, raw_data, row_hash, source, supplier_code, job_id)
    SELECT %(workspace_id)s, sku, ean, name, data, raw_data, row_hash, %(source)s, %(supplier_code)s, %(job_id)s
    FROM incoming ORDER BY sku
    ON CONFLICT (workspace_id, sku) DO UPDATE SET
        ean = CASE WHEN %(has_ean)s THEN excluded.ean ELSE product.ean END,
        name = coalesce(nullif(excluded.name, ''), product.name),
        data = (product.data - %(fields)s::text[]) || excluded.data,
        raw_data = excluded.raw_data,
        row_hash = excluded.row_hash,
        source = excluded.source,
        supplier_code = coalesce(excluded.supplier_code, product.supplier_code),
        job_id = excluded.job_id,
        version = nextval('products_version'),
        updated_at = now()
    RETURNING (xmax = 0) AS is_new, mirror_line(product) AS line
)
SELECT count(*) FILTER (WHERE is_new), count(*) FILTER (WHERE NOT is_new), string_agg(line, E'\n') FROM written

-- name: known
-- The keys come as one JSON text: taking apart thousands of array elements is dear on the way in, not here.
SELECT sku, row_hash, ean FROM products
WHERE workspace_id = %(workspace_id)s AND sku = ANY(ARRAY(SELECT jsonb_array_elements_text(%(skus)s::jsonb)))

-- name: ean_owners
SELECT ean, sku FROM products
WHERE workspace_id = %(workspace_id)s AND ean = ANY(ARRAY(SELECT jsonb_array_elements_text(%(eans)s::jsonb)))

-- name: claim_rows
-- For each key the highest row number of this run; the row it pushed out, when there was one.
INSERT INTO row_claims AS claim (workspace_id, job_id, run, key, row_number, line)
SELECT %(workspace_id)s, %(job_id)s, %(run)s, found.key, found.row_number, found.line
FROM unnest(%(keys)s::text[], %(row_numbers)s::bigint[], %(lines)s::bigint[]) AS found (key, row_number, line)
ORDER BY found.key
ON CONFLICT (workspace_id, job_id, run, key) DO UPDATE SET
    row_number = greatest(claim.row_number, excluded.row_number),
    line = CASE WHEN excluded.row_number > claim.row_number THEN excluded.line ELSE claim.line END,
    previous_row = CASE WHEN excluded.row_number > claim.row_number THEN claim.row_number END,
    previous_line = CASE WHEN excluded.row_number > claim.row_number THEN claim.line END
RETURNING key, row_number, previous_row, previous_line

-- name: forget_claims
DELETE FROM row_claims WHERE workspace_id = %(workspace_id)s AND job_id = %(job_id)s

-- name: read
SELECT id, sku, name, data, source, ai_readability_score, created_at, updated_at, ean, version FROM products
WHERE workspace_id = %(workspace_id)s AND id = %(product_id)s

-- name: page
-- One page in the order of making. A page number past the keys is an offset; q and filter are null when not asked.
SELECT id, sku, name, data, source, ai_readability_score, created_at, updated_at, ean, version FROM products
WHERE workspace_id = %(workspace_id)s
  AND (%(name_like)s::text IS NULL OR name ILIKE %(name_like)s)
  AND (%(filter)s::jsonb IS NULL OR data @> %(filter)s::jsonb)
ORDER BY id LIMIT %(limit)s OFFSET %(offset)s

-- name: count
SELECT count(*) FROM products
WHERE workspace_id = %(workspace_id)s
  AND (%(name_like)s::text IS NULL OR name ILIKE %(name_like)s)
  AND (%(filter)s::jsonb IS NULL OR data @> %(filter)s::jsonb)
