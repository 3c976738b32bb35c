-- name: create
INSERT INTO import_chunks (workspace_id, job_id, number, byte_start, byte_end, first_row, row_count, first_line)
SELECT %(workspace_id)s, %(job_id)s, chunk.* FROM unnest(%(numbers)s::integer[], %(byte_starts)s::bigint[],
    %(byte_ends)s::bigint[], %(first_rows)s::bigint[], %(row_counts)s::integer[], %(first_lines)s::bigint[]) AS chunk

-- name: forget
DELETE FROM import_chunks WHERE workspace_id = %(workspace_id)s AND job_id = %(job_id)s

-- name: read
SELECT byte_start, byte_end, first_row, row_count, first_line, done_run, failures, last_failure, checked_run
FROM import_chunks
WHERE workspace_id = %(workspace_id)s AND job_id = %(job_id)s AND number = %(number)s

-- name: undone
SELECT number FROM import_chunks
WHERE workspace_id = %(workspace_id)s AND job_id = %(job_id)s AND done_run < %(run)s ORDER BY number

-- name: unchecked
SELECT number FROM import_chunks
WHERE workspace_id = %(workspace_id)s AND job_id = %(job_id)s AND checked_run < %(run)s ORDER BY number

-- name: mark_checked
-- As mark_done, for the check that goes before the first write.
UPDATE import_chunks SET checked_run = %(run)s
WHERE workspace_id = %(workspace_id)s AND job_id = %(job_id)s AND number = %(number)s AND checked_run < %(run)s
RETURNING number

-- name: ranges
SELECT number, byte_start, byte_end, first_row, row_count, first_line FROM import_chunks
WHERE workspace_id = %(workspace_id)s AND job_id = %(job_id)s ORDER BY number

-- name: sums
SELECT coalesce(sum(failures), 0), max(done_at) FILTER (WHERE done_run = %(run)s) FROM import_chunks
WHERE workspace_id = %(workspace_id)s AND job_id = %(job_id)s

-- name: mark_done
-- The ledger mark; no row back means another delivery of the same message was faster.
UPDATE import_chunks SET done_run = %(run)s, done_at = %(now)s
WHERE workspace_id = %(workspace_id)s AND job_id = %(job_id)s AND number = %(number)s AND done_run < %(run)s
RETURNING number

-- name: carry_over
-- What the run before has done need not be done by this one.
UPDATE import_chunks SET done_run = %(run)s
WHERE workspace_id = %(workspace_id)s AND job_id = %(job_id)s AND done_run = %(run)s - 1

-- name: note_failure
UPDATE import_chunks SET failures = failures + 1, last_failure = %(failure)s
WHERE workspace_id = %(workspace_id)s AND job_id = %(job_id)s AND number = %(number)s

-- name: with_findings
SELECT number, byte_start, byte_end, first_row, row_count, first_line FROM import_chunks AS chunk
WHERE workspace_id = %(workspace_id)s AND job_id = %(job_id)s AND EXISTS (
    SELECT FROM row_errors AS found
    WHERE found.workspace_id = %(workspace_id)s AND found.job_id = %(job_id)s AND found.run = %(run)s
      AND found.row_number >= chunk.first_row AND found.row_number < chunk.first_row + chunk.row_count
      AND found.severity = ANY(%(severities)s)
)
ORDER BY number
