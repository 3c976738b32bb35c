-- name: writes
-- What the chunks of a job wrote and nobody brought back yet, the latest first.
SELECT id, created + changed, created FROM product_writes
WHERE workspace_id = %(workspace_id)s AND job_id = %(job_id)s ORDER BY id DESC

-- name: writes_between
SELECT id, created + changed, created FROM product_writes
WHERE workspace_id = %(workspace_id)s AND job_id = %(job_id)s AND id >= %(first_id)s AND id < %(end_id)s
ORDER BY id DESC

-- name: created
SELECT made.id, made.version FROM product_writes, unnest(created_ids, created_versions) AS made (id, version)
WHERE workspace_id = %(workspace_id)s AND job_id = %(job_id)s AND product_writes.id = %(write_id)s

-- name: changed
-- Without the contents. own: the import itself had written it before.
SELECT product_id, version, old_version, sku, ean, product_job_id IS NOT DISTINCT FROM job_id FROM before_images
WHERE workspace_id = %(workspace_id)s AND job_id = %(job_id)s AND write_id = %(write_id)s

-- name: lock_products
-- In key order, as the import does it.
SELECT id, sku, ean, content_version(product) FROM products AS product
WHERE workspace_id = %(workspace_id)s AND id = ANY(%(product_ids)s) ORDER BY sku FOR UPDATE

-- name: see_products
SELECT id, sku, ean, content_version(product) FROM products AS product
WHERE workspace_id = %(workspace_id)s AND id = ANY(%(product_ids)s) ORDER BY sku

-- name: ean_owners
SELECT ean, id, sku FROM products
WHERE workspace_id = %(workspace_id)s AND ean = ANY(ARRAY(SELECT jsonb_array_elements_text(%(eans)s::jsonb)))

-- name: remove
DELETE FROM products WHERE workspace_id = %(workspace_id)s AND id = ANY(%(product_ids)s)

-- name: release_eans
-- Two products may give each other theirs back: nobody holds one meanwhile.
UPDATE products SET ean = NULL WHERE workspace_id = %(workspace_id)s AND id = ANY(%(product_ids)s)

-- name: restore
-- The products are ours already. Their rows are no longer known by a hash: the next import looks at them anew.
UPDATE products AS product SET
    ean = image.ean, name = image.name, data = image.data, raw_data = image.raw_data, source = image.source,
    supplier_code = image.supplier_code, job_id = image.product_job_id, row_hash = NULL, updated_at = now(),
    version = image.new_version, restored_as = image.new_version, restored_from = image.old_version
FROM (
    SELECT *, nextval('products_version') AS new_version FROM before_images
    WHERE workspace_id = %(workspace_id)s AND job_id = %(job_id)s AND write_id = %(write_id)s
      AND product_id = ANY(%(product_ids)s)
) AS image
WHERE product.workspace_id = %(workspace_id)s AND product.id = image.product_id

-- name: forget_writes
-- What was dealt with is dealt with once.
WITH images AS (
    DELETE FROM before_images
    WHERE workspace_id = %(workspace_id)s AND job_id = %(job_id)s AND write_id = ANY(%(write_ids)s)
)
DELETE FROM product_writes
WHERE workspace_id = %(workspace_id)s AND job_id = %(job_id)s AND id = ANY(%(write_ids)s)

-- name: set_undone_by
UPDATE import_jobs SET undone_by = %(undone_by)s WHERE workspace_id = %(workspace_id)s AND id = %(job_id)s

-- name: past_undoing
-- Imports that ended so long ago that what was kept of the way back may go. One that can still be retried keeps it: its
-- next run builds upon it.
SELECT workspace_id, id FROM import_jobs
WHERE has_images AND completed_at < %(before)s
  AND (state IN ('completed', 'completed_with_errors') OR state IN ('failed', 'cancelled') AND file_key IS NULL)
ORDER BY completed_at LIMIT %(limit)s

-- name: forget_job
WITH images AS (
    DELETE FROM before_images WHERE workspace_id = %(workspace_id)s AND job_id = %(job_id)s
), writes AS (
    DELETE FROM product_writes WHERE workspace_id = %(workspace_id)s AND job_id = %(job_id)s
)
UPDATE import_jobs SET has_images = false WHERE workspace_id = %(workspace_id)s AND id = %(job_id)s

-- name: half_written
-- All-or-nothing imports that failed after something was written, and that nobody has begun to take back.
SELECT workspace_id, id FROM import_jobs
WHERE has_images AND state = 'failed' AND error_policy = 'all_or_nothing' AND chunks_done > 0 AND undone_by IS NULL
ORDER BY completed_at LIMIT %(limit)s
