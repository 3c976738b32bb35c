-- name: create
-- A job with what is known of its file.
INSERT INTO import_jobs (
    workspace_id, uuid, kind, undo_of, state, import_type, file_name, file_type, file_bytes, file_sha256, file_key,
    content_key, content_version, reading, source, supplier_id, supplier_code, template_id, template_version, auto_start,
    match_on, analysis, suggestion, plan, total_rows, chunk_count, lease_until, analyzed_at
) VALUES (
    %(workspace_id)s, %(uuid)s, %(kind)s, %(undo_of)s, %(state)s, %(import_type)s, %(file_name)s, %(file_type)s,
    %(file_bytes)s, %(file_sha256)s, %(file_key)s, %(content_key)s, %(content_version)s, %(reading)s, %(source)s,
    %(supplier_id)s, %(supplier_code)s, %(template_id)s, %(template_version)s, %(auto_start)s, %(match_on)s,
    %(analysis)s, %(suggestion)s, %(plan)s, %(total_rows)s, %(chunk_count)s, %(lease_until)s,
    CASE WHEN %(analysis)s::jsonb IS NOT NULL THEN now() END
) RETURNING id

-- name: read
SELECT * FROM import_jobs WHERE workspace_id = %(workspace_id)s AND id = %(job_id)s

-- name: lock
-- Nobody else moves it until the transaction ends.
SELECT * FROM import_jobs WHERE workspace_id = %(workspace_id)s AND id = %(job_id)s FOR UPDATE

-- name: read_by_uuid
SELECT * FROM import_jobs WHERE workspace_id = %(workspace_id)s AND uuid = %(uuid)s

-- name: latest
SELECT * FROM import_jobs WHERE workspace_id = %(workspace_id)s ORDER BY created_at DESC, id DESC LIMIT %(limit)s

-- name: move
-- The one guarded change of state. What a move sets beside the state comes as columns that are not null.
UPDATE import_jobs SET
    state = %(to_state)s,
    run = run + %(run_step)s,
    beat_at = %(now)s,
    lease_until = %(lease_until)s,
    takeovers = CASE WHEN state = %(to_state)s THEN takeovers ELSE 0 END,
    error_message = coalesce(%(error_message)s, error_message),
    started_at = CASE WHEN %(run_step)s = 1 THEN NULL ELSE coalesce(%(started_at)s, started_at) END,
    completed_at = CASE WHEN %(run_step)s = 1 THEN NULL ELSE coalesce(%(completed_at)s, completed_at) END,
    chunks_done = CASE WHEN %(anew)s THEN 0 ELSE chunks_done END,
    created = CASE WHEN %(anew)s THEN 0 ELSE created END,
    updated = CASE WHEN %(anew)s THEN 0 ELSE updated END,
    unchanged = CASE WHEN %(anew)s THEN 0 ELSE unchanged END,
    skipped = CASE WHEN %(anew)s THEN 0 ELSE skipped END,
    error_rows = CASE WHEN %(anew)s THEN 0 ELSE error_rows END,
    warnings = CASE WHEN %(anew)s THEN 0 ELSE warnings END,
    chunks_checked = CASE WHEN %(anew)s THEN 0 ELSE chunks_checked END,
    spent = CASE WHEN %(anew)s THEN spent - 'run' ELSE spent END,
    phase = CASE WHEN %(run_step)s = 1 THEN 'write' ELSE coalesce(%(phase)s, phase) END,
    retried = coalesce(%(retried)s, retried),
    mapped_at = coalesce(%(mapped_at)s, mapped_at),
    queued_at = coalesce(%(queued_at)s, queued_at),
    mapping_source = coalesce(%(mapping_source)s, mapping_source),
    rules = coalesce(%(rules)s, rules),
    options = coalesce(%(options)s, options),
    error_policy = coalesce(%(error_policy)s, error_policy),
    match_on = coalesce(%(match_on)s, match_on),
    mapping = coalesce(%(mapping)s, mapping),
    transforms = coalesce(%(transforms)s, transforms),
    confirmation = coalesce(%(confirmation)s, confirmation),
    plan = coalesce(%(plan)s, plan)
WHERE workspace_id = %(workspace_id)s AND id = %(job_id)s AND state = ANY(%(from_states)s)
  AND (%(run)s::integer IS NULL OR run = %(run)s)
  AND (%(silent_since)s::timestamptz IS NULL OR lease_until < %(silent_since)s)
RETURNING *

-- name: save_analysis
-- What the analysis of a file that arrived by itself found; the file's facts with it.
UPDATE import_jobs SET
    state = %(to_state)s, beat_at = %(now)s, analyzed_at = %(now)s, lease_until = NULL, takeovers = 0, error_message = '',
    file_name = %(file_name)s, file_type = %(file_type)s, file_bytes = %(file_bytes)s, file_sha256 = %(file_sha256)s,
    file_key = %(file_key)s, content_key = %(content_key)s,
    content_version = %(content_version)s, analysis = %(analysis)s,
    suggestion = %(suggestion)s, total_rows = %(total_rows)s, chunk_count = %(chunk_count)s
WHERE workspace_id = %(workspace_id)s AND id = %(job_id)s AND state = ANY(%(from_states)s)
RETURNING *

-- name: note_trouble
UPDATE import_jobs SET error_message = %(trouble)s
WHERE workspace_id = %(workspace_id)s AND id = %(job_id)s AND state = 'analyzing'

-- name: add_note
UPDATE import_jobs SET analysis = jsonb_set(analysis, '{notes}', (analysis -> 'notes') || to_jsonb(%(note)s::text))
WHERE workspace_id = %(workspace_id)s AND id = %(job_id)s

-- name: count_chunk
-- Fence, counters and heartbeat in one: no row back means the run is over and the chunk must be undone.
UPDATE import_jobs SET
    chunks_done = chunks_done + 1, created = created + %(created)s, updated = updated + %(updated)s,
    unchanged = unchanged + %(unchanged)s, skipped = skipped + %(skipped)s, error_rows = error_rows + %(error_rows)s,
    warnings = warnings + %(warnings)s, beat_at = %(now)s, lease_until = %(lease_until)s, takeovers = 0,
    spent = spent || jsonb_build_object('run', add_up(spent -> 'run', %(spent)s)),
    has_images = has_images OR kind = 'import' AND (%(created)s > 0 OR %(updated)s > 0)
WHERE workspace_id = %(workspace_id)s AND id = %(job_id)s AND run = %(run)s AND state = 'processing'
RETURNING chunks_done = chunk_count

-- name: count_check
-- As count_chunk, of a check: nothing was written, and the run must still be at it.
UPDATE import_jobs SET
    chunks_checked = chunks_checked + 1, beat_at = %(now)s, lease_until = %(lease_until)s, takeovers = 0
WHERE workspace_id = %(workspace_id)s AND id = %(job_id)s AND run = %(run)s AND state = 'processing' AND phase = 'check'
RETURNING chunks_checked = chunk_count

-- name: count_findings
-- What was found without a row being written: by the dispatch, by a check, by a chunk that ends the job.
UPDATE import_jobs SET error_rows = error_rows + %(error_rows)s, warnings = warnings + %(warnings)s
WHERE workspace_id = %(workspace_id)s AND id = %(job_id)s AND run = %(run)s AND state = 'processing'
RETURNING id

-- name: begin_writing
-- The turn from the check to the write, once every chunk is checked.
UPDATE import_jobs SET phase = 'write', beat_at = %(now)s, lease_until = %(lease_until)s
WHERE workspace_id = %(workspace_id)s AND id = %(job_id)s AND run = %(run)s AND state = 'processing' AND phase = 'check'
  AND chunks_checked >= chunk_count
RETURNING *

-- name: forget_file
-- The stored file is gone; its SHA-256 stays.
UPDATE import_jobs SET file_key = NULL, content_key = NULL
WHERE workspace_id = %(workspace_id)s AND id = %(job_id)s

-- name: silent
-- Jobs whose lease ran out, oldest first; alive tells whether any job at all was worked on within the lease.
SELECT workspace_id, id, state, takeovers,
       EXISTS (SELECT 1 FROM import_jobs other WHERE other.beat_at > %(alive_since)s
                 AND (other.workspace_id, other.id) <> (job.workspace_id, job.id)) AS alive
FROM import_jobs job
WHERE lease_until IS NOT NULL AND lease_until < %(now)s
ORDER BY lease_until LIMIT %(limit)s

-- name: archive
UPDATE import_jobs SET is_archived = %(is_archived)s WHERE workspace_id = %(workspace_id)s AND id = %(job_id)s

-- name: delete
-- Chunks, errors, claims and the way back go with it.
WITH images AS (DELETE FROM before_images WHERE workspace_id = %(workspace_id)s AND job_id = %(job_id)s)
DELETE FROM import_jobs WHERE workspace_id = %(workspace_id)s AND id = %(job_id)s

-- name: count
SELECT count(*) FROM import_jobs
WHERE workspace_id = %(workspace_id)s
  AND (%(any_state)s OR (state = ANY(%(states)s) AND NOT (state = 'queued' AND retried))
       OR (state = ANY(%(retried_states)s) AND (state <> 'queued' OR retried)))
  AND (%(supplier_code)s::text IS NULL OR supplier_code = %(supplier_code)s)
  AND (%(is_archived)s::boolean IS NULL OR is_archived = %(is_archived)s)

-- name: page
SELECT * FROM import_jobs
WHERE workspace_id = %(workspace_id)s
  AND (%(any_state)s OR (state = ANY(%(states)s) AND NOT (state = 'queued' AND retried))
       OR (state = ANY(%(retried_states)s) AND (state <> 'queued' OR retried)))
  AND (%(supplier_code)s::text IS NULL OR supplier_code = %(supplier_code)s)
  AND (%(is_archived)s::boolean IS NULL OR is_archived = %(is_archived)s)
ORDER BY created_at DESC, id DESC LIMIT %(limit)s OFFSET %(offset)s

-- name: stats
SELECT count(*), count(*) FILTER (WHERE state IN ('completed', 'completed_with_errors')),
       count(*) FILTER (WHERE state = 'failed'),
       coalesce(sum(created + updated + unchanged + skipped + error_rows), 0), coalesce(sum(created), 0),
       coalesce(sum(updated + unchanged), 0)
FROM import_jobs WHERE workspace_id = %(workspace_id)s AND kind = 'import'

-- name: running
-- Every job a worker owes something to, in all workspaces.
SELECT workspace_id, id, state FROM import_jobs WHERE state = ANY(%(running)s) ORDER BY id

-- name: take_over
-- Give a silent job another lease and count it; no row back means it moved meanwhile.
UPDATE import_jobs SET
    takeovers = takeovers + 1, lease_until = %(lease_until)s, spent = add_up(spent, '{"takeovers": 1}')
WHERE workspace_id = %(workspace_id)s AND id = %(job_id)s AND state = %(state)s AND lease_until < %(now)s
RETURNING *

-- name: keeping_files
-- Jobs whose file has served: fully imported, or kept past its days.
SELECT workspace_id, id FROM import_jobs
WHERE file_key IS NOT NULL
  AND (state = 'completed' OR (state IN ('completed_with_errors', 'failed', 'cancelled') AND completed_at < %(before)s))
ORDER BY id LIMIT %(limit)s
