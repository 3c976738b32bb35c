-- name: add
INSERT INTO row_errors (workspace_id, job_id, run, row_number, line, severity, error_type, field, column_name, message, raw_value)
SELECT %(workspace_id)s, %(job_id)s, %(run)s, found.* FROM unnest(%(row_numbers)s::bigint[], %(lines)s::bigint[],
    %(severities)s::text[], %(error_types)s::text[], %(fields)s::text[], %(columns)s::text[], %(messages)s::text[],
    %(raw_values)s::text[]) AS found

-- name: page
SELECT row_number, line, severity, error_type, message, field, column_name, raw_value FROM row_errors
WHERE workspace_id = %(workspace_id)s AND job_id = %(job_id)s AND run = %(run)s
ORDER BY row_number, id LIMIT %(limit)s OFFSET %(offset)s

-- name: of_rows
-- Everything found in the next rows of a range that have a finding of these severities.
SELECT row_number, line, severity, error_type, message, field, column_name, raw_value FROM row_errors
WHERE workspace_id = %(workspace_id)s AND job_id = %(job_id)s AND run = %(run)s AND row_number = ANY(ARRAY(
    SELECT DISTINCT row_number FROM row_errors
    WHERE workspace_id = %(workspace_id)s AND job_id = %(job_id)s AND run = %(run)s
      AND row_number >= %(first_row)s AND row_number < %(end_row)s AND severity = ANY(%(severities)s)
    ORDER BY row_number LIMIT %(rows)s
))
ORDER BY row_number, id

-- name: count
SELECT count(*) FROM row_errors WHERE workspace_id = %(workspace_id)s AND job_id = %(job_id)s AND run = %(run)s

-- name: forget_older
DELETE FROM row_errors WHERE workspace_id = %(workspace_id)s AND job_id = %(job_id)s AND run < %(run)s
