-- name: add
INSERT INTO row_errors (workspace_id, job_id, run, row_number, line, severity, error_type, field, column_name, message, raw_value)
SELECT %(workspace_id)s, %(job_id)s, %(run)s, found.* FROM unnest(%(row_numbers)s::bigint[], %(lines)s::bigint[],
    %(severities)s::text[], %(error_types)s::text[], %(fields)s::text[], %(columns)s::text[], %(messages)s::text[],
    %(raw_values)s::text[]) AS found

-- name: page
SELECT row_number, line, severity, error_type, message, field, column_name, raw_value, created_at FROM row_errors
WHERE workspace_id = %(workspace_id)s AND job_id = %(job_id)s AND run = %(run)s
  AND (%(error_type)s::text IS NULL OR error_type = %(error_type)s)
  AND (%(severity)s::text IS NULL OR severity = %(severity)s)
  AND (%(search)s::text IS NULL
       OR strpos(lower(concat_ws(E'\n', message, field, column_name, raw_value)), lower(%(search)s)) > 0)
ORDER BY row_number, id LIMIT %(limit)s OFFSET %(offset)s

-- name: of_rows
-- Everything found in the next rows of a range that have a finding of these severities.
SELECT row_number, line, severity, error_type, message, field, column_name, raw_value, created_at FROM row_errors
WHERE workspace_id = %(workspace_id)s AND job_id = %(job_id)s AND run = %(run)s AND row_number = ANY(ARRAY(
    SELECT DISTINCT row_number FROM row_errors
    WHERE workspace_id = %(workspace_id)s AND job_id = %(job_id)s AND run = %(run)s
      AND row_number >= %(first_row)s AND row_number < %(end_row)s AND severity = ANY(%(severities)s)
    ORDER BY row_number LIMIT %(rows)s
))
ORDER BY row_number, id

-- name: count
SELECT count(*) FROM row_errors
WHERE workspace_id = %(workspace_id)s AND job_id = %(job_id)s AND run = %(run)s
  AND (%(error_type)s::text IS NULL OR error_type = %(error_type)s)
  AND (%(severity)s::text IS NULL OR severity = %(severity)s)
  AND (%(search)s::text IS NULL
       OR strpos(lower(concat_ws(E'\n', message, field, column_name, raw_value)), lower(%(search)s)) > 0)

-- name: bad_rows
SELECT count(DISTINCT row_number) FROM row_errors
WHERE workspace_id = %(workspace_id)s AND job_id = %(job_id)s AND run = %(run)s AND severity = 'error'

-- name: carry_over
UPDATE row_errors SET run = %(run)s
WHERE workspace_id = %(workspace_id)s AND job_id = %(job_id)s AND run = %(run)s - 1

-- name: forget_older
DELETE FROM row_errors WHERE workspace_id = %(workspace_id)s AND job_id = %(job_id)s AND run < %(run)s
