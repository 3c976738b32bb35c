-- name: share_inserts
-- Taken before every insert: a deletion must not come between the moment an insert draws its version and the moment it
-- stands, or its tombstone would carry the higher version and bury the new product in the mirror.
SELECT pg_advisory_xact_lock_shared(hashtextextended('skuloom products ' || %(workspace_id)s::bigint, 0))

-- name: bar_inserts
-- The other side: waits until no insert of the workspace is under way, and lets none begin before the commit.
SELECT pg_advisory_xact_lock(hashtextextended('skuloom products ' || %(workspace_id)s::bigint, 0))

-- name: incoming_table
-- The chunk's changed rows on their way in; one table a session, emptied with each transaction.
CREATE TEMPORARY TABLE IF NOT EXISTS incoming (
    sku text NOT NULL, ean text, name text NOT NULL, data jsonb NOT NULL, raw_data jsonb, row_hash bytea
) ON COMMIT DELETE ROWS

-- name: copy_incoming
COPY incoming (sku, ean, name, data, raw_data, row_hash) FROM STDIN (FORMAT binary)

-- name: upsert_incoming
-- In key order, so that two chunks with the same keys never wait for each other in a circle. Mapped fields are replaced
-- (a blank cell clears its field, unless blank cells are ignored), fields the file does not speak of stay. What was there
-- before is kept, as it was when the row became ours. The lines are put together apart from the rest: passing megabytes
-- through a second step costs a tenth of the statement.
WITH written AS (
    INSERT INTO products AS product
        (workspace_id, sku, ean, name, data, raw_data, row_hash, source, supplier_code, job_id)
    SELECT %(workspace_id)s, sku, ean, name, data, raw_data, row_hash, %(source)s, %(supplier_code)s, %(job_id)s
    FROM incoming ORDER BY sku
    ON CONFLICT (workspace_id, sku) DO UPDATE SET
        ean = CASE WHEN %(clears_ean)s THEN excluded.ean ELSE coalesce(excluded.ean, product.ean) END,
        name = coalesce(nullif(excluded.name, ''), product.name),
        data = (product.data - %(cleared_fields)s::text[]) || excluded.data,
        raw_data = excluded.raw_data,
        row_hash = excluded.row_hash,
        source = excluded.source,
        supplier_code = coalesce(excluded.supplier_code, product.supplier_code),
        job_id = excluded.job_id,
        version = nextval('products_version'),
        updated_at = now()
    WHERE %(overwrites)s OR product.job_id = %(job_id)s
    RETURNING old.id IS NULL AS is_new, mirror_line(product) AS line, product.id, product.version,
              content_version(old) AS old_version, old.sku, old.ean, old.name, old.data, old.raw_data, old.source,
              old.supplier_code, old.job_id
), noted AS (
    INSERT INTO product_writes (workspace_id, job_id, created_ids, created_versions, created, changed)
    SELECT %(workspace_id)s, %(job_id)s, coalesce(array_agg(id) FILTER (WHERE is_new), '{}'),
           coalesce(array_agg(version) FILTER (WHERE is_new), '{}'), count(*) FILTER (WHERE is_new),
           count(*) FILTER (WHERE NOT is_new)
    FROM written RETURNING id
), kept AS (
    INSERT INTO before_images (workspace_id, job_id, write_id, product_id, version, old_version, sku, ean, name, data,
                               raw_data, source, supplier_code, product_job_id)
    SELECT %(workspace_id)s, %(job_id)s, (SELECT id FROM noted), id, version, old_version, sku, ean, name, data,
           raw_data, source, supplier_code, job_id
    FROM written WHERE NOT is_new
)
SELECT count(*) FILTER (WHERE is_new), count(*) FILTER (WHERE NOT is_new), string_agg(line, E'\n') FROM written

-- name: known
-- The keys come as one JSON text: taking apart thousands of array elements is dear on the way in, not here.
SELECT sku, row_hash, ean, job_id FROM products
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

-- name: claim_values
-- For each key the lowest row number of this run; the row it took the key from, when there was one.
INSERT INTO row_claims AS claim (workspace_id, job_id, run, key, row_number, line)
SELECT %(workspace_id)s, %(job_id)s, %(run)s, found.key, found.row_number, found.line
FROM unnest(%(keys)s::text[], %(row_numbers)s::bigint[], %(lines)s::bigint[]) AS found (key, row_number, line)
ORDER BY found.key
ON CONFLICT (workspace_id, job_id, run, key) DO UPDATE SET
    row_number = least(claim.row_number, excluded.row_number),
    line = CASE WHEN excluded.row_number < claim.row_number THEN excluded.line ELSE claim.line END,
    previous_row = CASE WHEN excluded.row_number < claim.row_number THEN claim.row_number END,
    previous_line = CASE WHEN excluded.row_number < claim.row_number THEN claim.line END
RETURNING key, row_number, previous_row, previous_line

-- name: claimed_rows
SELECT key, row_number FROM row_claims
WHERE workspace_id = %(workspace_id)s AND job_id = %(job_id)s AND run = %(run)s AND key = ANY(%(keys)s)

-- name: forget_claims
DELETE FROM row_claims WHERE workspace_id = %(workspace_id)s AND job_id = %(job_id)s

-- name: read
SELECT id, sku, name, data, source, ai_readability_score, created_at, updated_at, ean, version FROM products
WHERE workspace_id = %(workspace_id)s AND id = %(product_id)s

-- name: lock
SELECT id, sku, name, data, source, ai_readability_score, created_at, updated_at, ean, version FROM products
WHERE workspace_id = %(workspace_id)s AND id = %(product_id)s FOR UPDATE

-- name: read_many
SELECT id, sku, name, data, source, ai_readability_score, created_at, updated_at, ean, version FROM products
WHERE workspace_id = %(workspace_id)s AND id = ANY(%(product_ids)s)

-- name: by_skus
SELECT id, sku, name, data, source, ai_readability_score, created_at, updated_at, ean, version FROM products
WHERE workspace_id = %(workspace_id)s AND sku = ANY(ARRAY(SELECT jsonb_array_elements_text(%(skus)s::jsonb)))

-- name: id_of_sku
SELECT id FROM products WHERE workspace_id = %(workspace_id)s AND sku = %(sku)s

-- name: insert
INSERT INTO products AS product (workspace_id, sku, ean, name, data, source)
VALUES (%(workspace_id)s, %(sku)s, %(ean)s, %(name)s, %(data)s, %(source)s)
RETURNING id, sku, name, data, source, ai_readability_score, created_at, updated_at, ean, version, mirror_line(product)

-- name: change
-- Nothing comes back when nothing would change: texts are compared, for 99.9 and 99.90 are two ways to write a price.
UPDATE products AS product SET
    name = %(name)s, ean = %(ean)s, data = (data - %(removed)s::text[]) || %(data)s::jsonb,
    row_hash = NULL, version = nextval('products_version'), updated_at = now()
WHERE workspace_id = %(workspace_id)s AND id = %(product_id)s
  AND (name, ean, data::text)
      IS DISTINCT FROM (%(name)s, %(ean)s, ((data - %(removed)s::text[]) || %(data)s::jsonb)::text)
RETURNING id, sku, name, data, source, ai_readability_score, created_at, updated_at, ean, version, mirror_line(product)

-- name: merge
-- Many at once by sku, in key order as the import does it. What excluded cannot say (which fields to remove, whether the
-- ean was spoken of) is looked up under the sku. Only what was written comes back.
WITH edits AS MATERIALIZED (SELECT %(edits)s::jsonb AS by_sku), written AS (
    INSERT INTO products AS product (workspace_id, sku, ean, name, data, source)
    SELECT %(workspace_id)s, edit.key, edit.value ->> 'ean', edit.value ->> 'name', edit.value -> 'data', %(source)s
    FROM edits, jsonb_each(edits.by_sku) AS edit ORDER BY edit.key
    ON CONFLICT (workspace_id, sku) DO UPDATE SET
        name = coalesce(nullif(excluded.name, ''), product.name),
        ean = CASE WHEN (SELECT by_sku FROM edits) -> excluded.sku ? 'ean' THEN excluded.ean ELSE product.ean END,
        data = (product.data - ARRAY(
            SELECT jsonb_array_elements_text((SELECT by_sku FROM edits) -> excluded.sku -> 'removed')
        )) || excluded.data,
        row_hash = NULL, version = nextval('products_version'), updated_at = now()
    WHERE (product.name, product.ean, product.data::text) IS DISTINCT FROM (
        coalesce(nullif(excluded.name, ''), product.name),
        CASE WHEN (SELECT by_sku FROM edits) -> excluded.sku ? 'ean' THEN excluded.ean ELSE product.ean END,
        ((product.data - ARRAY(
            SELECT jsonb_array_elements_text((SELECT by_sku FROM edits) -> excluded.sku -> 'removed')
        )) || excluded.data)::text
    )
    RETURNING sku, xmax = 0 AS is_new, mirror_line(product) AS line
)
SELECT array_agg(sku), array_agg(sku) FILTER (WHERE is_new), string_agg(line, E'\n') FROM written

-- name: delete
-- The tombstone's version is drawn once the row is ours; bar_inserts goes before.
WITH gone AS (DELETE FROM products WHERE workspace_id = %(workspace_id)s AND id = %(product_id)s RETURNING sku)
INSERT INTO mirror_outbox (workspace_id, skus, tombstone_version)
SELECT %(workspace_id)s, ARRAY[sku], nextval('products_version') FROM gone RETURNING id

-- name: page
-- A page in the order of making, however far: the ids are found in the index alone, then their products are read.
SELECT id, sku, name, data, source, ai_readability_score, created_at, updated_at, ean, version FROM products
WHERE workspace_id = %(workspace_id)s AND id = ANY(ARRAY(
    SELECT id FROM products WHERE workspace_id = %(workspace_id)s ORDER BY id LIMIT %(limit)s OFFSET %(offset)s
)) ORDER BY id

-- name: page_from_end
-- The same, counted from the newest.
SELECT id, sku, name, data, source, ai_readability_score, created_at, updated_at, ean, version FROM products
WHERE workspace_id = %(workspace_id)s AND id = ANY(ARRAY(
    SELECT id FROM products WHERE workspace_id = %(workspace_id)s ORDER BY id DESC LIMIT %(limit)s OFFSET %(offset)s
)) ORDER BY id DESC

-- name: after
SELECT id, sku, name, data, source, ai_readability_score, created_at, updated_at, ean, version FROM products
WHERE workspace_id = %(workspace_id)s AND id > %(product_id)s ORDER BY id LIMIT %(limit)s

-- name: before
SELECT id, sku, name, data, source, ai_readability_score, created_at, updated_at, ean, version FROM products
WHERE workspace_id = %(workspace_id)s AND id < %(product_id)s ORDER BY id DESC LIMIT %(limit)s

-- name: first_values
-- What the given fields hold in the first products, in the order of making.
SELECT ARRAY(SELECT data -> field FROM unnest(%(fields)s::text[]) WITH ORDINALITY AS asked (field, place) ORDER BY place)
FROM products WHERE workspace_id = %(workspace_id)s ORDER BY id LIMIT %(limit)s

-- name: settled_until
-- Transactions that run now will bring products with the moment of their own start; none that starts later can bring
-- an earlier one.
SELECT coalesce(min(xact_start), clock_timestamp()) FROM pg_stat_activity
WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid() AND xact_start IS NOT NULL
