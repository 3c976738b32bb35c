-- name: lock_definitions
-- One change of definitions or of the schema they are read by at a time in a workspace: a circle is closed by two
-- changes that each look harmless.
SELECT pg_advisory_xact_lock(hashtextextended('segment definitions', %(workspace_id)s))

-- name: list_all
SELECT workspace_id, id, name, description, is_active, definition::text, definition_version, reads, members_of,
       refresh_interval, due_at, current_compute, computed_definition, computed_count, last_computed_at, requested,
       answered, running_compute, running_request, lease_until, last_error, created_at, updated_at
FROM segments WHERE workspace_id = %(workspace_id)s ORDER BY id

-- name: read
SELECT workspace_id, id, name, description, is_active, definition::text, definition_version, reads, members_of,
       refresh_interval, due_at, current_compute, computed_definition, computed_count, last_computed_at, requested,
       answered, running_compute, running_request, lease_until, last_error, created_at, updated_at
FROM segments WHERE workspace_id = %(workspace_id)s AND id = %(segment_id)s

-- name: lock
SELECT workspace_id, id, name, description, is_active, definition::text, definition_version, reads, members_of,
       refresh_interval, due_at, current_compute, computed_definition, computed_count, last_computed_at, requested,
       answered, running_compute, running_request, lease_until, last_error, created_at, updated_at
FROM segments WHERE workspace_id = %(workspace_id)s AND id = %(segment_id)s FOR UPDATE

-- name: create
INSERT INTO segments (workspace_id, name, description, is_active, definition, reads, members_of, refresh_interval, due_at,
                      created_at, updated_at)
VALUES (%(workspace_id)s, %(name)s, %(description)s, %(is_active)s, %(definition)s, %(reads)s, %(members_of)s,
        %(refresh_interval)s, %(due_at)s, %(now)s, %(now)s)
RETURNING id

-- name: change
-- A new version of the definition makes the stored set one of another definition.
UPDATE segments SET name = %(name)s, description = %(description)s, is_active = %(is_active)s,
    definition = %(definition)s, definition_version = definition_version + %(definition_changed)s::int, reads = %(reads)s,
    members_of = %(members_of)s, refresh_interval = %(refresh_interval)s, due_at = %(due_at)s, updated_at = %(now)s
WHERE workspace_id = %(workspace_id)s AND id = %(segment_id)s

-- name: delete
-- Its computes are replaced by nothing: the sweep drops their members.
WITH gone AS (
    DELETE FROM segments WHERE workspace_id = %(workspace_id)s AND id = %(segment_id)s RETURNING id
)
UPDATE segment_computes SET replaced_at = coalesce(replaced_at, %(now)s)
WHERE workspace_id = %(workspace_id)s AND segment_id IN (SELECT id FROM gone) AND dropped_at IS NULL

-- name: nodes
SELECT id, name, members_of FROM segments WHERE workspace_id = %(workspace_id)s ORDER BY id

-- name: memberships
-- The compute that holds each segment's members now; null where it was never computed.
SELECT id, current_compute FROM segments WHERE workspace_id = %(workspace_id)s AND id = ANY(%(segment_ids)s)

-- name: computed
SELECT id, name, current_compute, last_computed_at FROM segments
WHERE workspace_id = %(workspace_id)s AND current_compute IS NOT NULL ORDER BY id

-- name: ask
-- A request that waits covers all that was asked meanwhile; one that waits for longer than a lease lost its message.
WITH asked AS (
    SELECT id, requested > greatest(answered, coalesce(running_request, 0)) AS waits,
           running_compute IS NOT NULL AND lease_until > %(now)s AS runs
    FROM segments WHERE workspace_id = %(workspace_id)s AND id = ANY(%(segment_ids)s) ORDER BY id FOR UPDATE
)
UPDATE segments AS segment
SET requested = segment.requested + (NOT asked.waits)::int, requested_at = %(now)s
FROM asked
WHERE segment.workspace_id = %(workspace_id)s AND segment.id = asked.id
  AND (NOT asked.waits OR (NOT asked.runs AND segment.requested_at < %(forgotten_before)s))
RETURNING segment.id, NOT asked.runs

-- name: postpone
-- The clock has asked: it asks again after the interval, whatever becomes of this.
UPDATE segments SET due_at = %(now)s + make_interval(mins => refresh_interval)
WHERE workspace_id = %(workspace_id)s AND id = ANY(%(segment_ids)s) AND due_at IS NOT NULL AND refresh_interval > 0

-- name: reading
-- Segments that ask for themselves and whose set another one would be: they read what changed, or products came or went,
-- or their definition was never computed.
SELECT id FROM segments
WHERE workspace_id = %(workspace_id)s AND is_active AND refresh_interval > 0
  AND (%(products_moved)s OR reads && %(fields)s::text[] OR computed_definition IS DISTINCT FROM definition_version)
ORDER BY id

-- name: reading_members
SELECT id FROM segments
WHERE workspace_id = %(workspace_id)s AND is_active AND refresh_interval > 0 AND %(segment_id)s = ANY(members_of)
ORDER BY id

-- name: lease
-- Take up what was asked for, unless somebody who is alive is at it. The compute of somebody who is not is given up.
WITH free AS (
    SELECT id, running_compute FROM segments
    WHERE workspace_id = %(workspace_id)s AND id = %(segment_id)s AND requested > answered
      AND (running_compute IS NULL OR lease_until <= %(now)s)
    FOR UPDATE
), given_up AS (
    UPDATE segment_computes AS compute SET replaced_at = %(now)s FROM free
    WHERE compute.workspace_id = %(workspace_id)s AND compute.id = free.running_compute AND compute.replaced_at IS NULL
), started AS (
    INSERT INTO segment_computes (workspace_id, segment_id, started_at)
    SELECT %(workspace_id)s, id, %(now)s FROM free RETURNING id
)
UPDATE segments SET running_compute = started.id, running_request = requested, lease_until = %(lease_until)s
FROM free, started WHERE workspace_id = %(workspace_id)s AND segments.id = free.id

-- name: swap
-- Readers turn to the new set with this statement, and only the compute that holds the segment can make it. A definition
-- that changed meanwhile stays due.
WITH ours AS (
    SELECT id, current_compute FROM segments
    WHERE workspace_id = %(workspace_id)s AND id = %(segment_id)s AND running_compute = %(compute)s FOR UPDATE
), replaced AS (
    UPDATE segment_computes AS compute SET replaced_at = %(now)s FROM ours
    WHERE compute.workspace_id = %(workspace_id)s AND compute.id = ours.current_compute
), swapped AS (
    UPDATE segments AS segment SET
        current_compute = running_compute, computed_definition = %(definition_version)s,
        computed_count = %(member_count)s, last_computed_at = %(now)s, computes = computes + 1,
        answered = running_request, running_compute = NULL, running_request = NULL, lease_until = NULL, last_error = '',
        due_at = CASE WHEN NOT is_active OR refresh_interval = 0 THEN NULL
                      WHEN definition_version <> %(definition_version)s THEN %(now)s
                      ELSE %(now)s + make_interval(mins => refresh_interval) END
    FROM ours WHERE segment.workspace_id = %(workspace_id)s AND segment.id = ours.id
    RETURNING segment.id, computes - 1 AS ordinal, requested > answered AS asked_again
)
UPDATE segment_computes AS compute
SET ordinal = swapped.ordinal, member_count = %(member_count)s, finished_at = %(now)s
FROM swapped WHERE compute.workspace_id = %(workspace_id)s AND compute.id = %(compute)s
RETURNING swapped.asked_again

-- name: give_up
-- Answered with an error: the set stays, and the clock asks again after the interval. A definition that changed
-- meanwhile stays due.
UPDATE segments SET answered = running_request, running_compute = NULL, running_request = NULL, lease_until = NULL,
    last_error = %(error)s,
    due_at = CASE WHEN NOT is_active OR refresh_interval = 0 THEN NULL
                  WHEN definition_version <> %(definition_version)s THEN %(now)s
                  ELSE %(now)s + make_interval(mins => refresh_interval) END
WHERE workspace_id = %(workspace_id)s AND id = %(segment_id)s AND running_compute = %(compute)s
RETURNING requested > answered

-- name: let_go
-- Not answered: whoever is told again may try.
UPDATE segments SET running_compute = NULL, running_request = NULL, lease_until = NULL, last_error = %(error)s
WHERE workspace_id = %(workspace_id)s AND id = %(segment_id)s AND running_compute = %(compute)s

-- name: give_up_dead
-- Its message was shown too often: what waits is answered with an error, unless somebody is at it. What was away is
-- back long before a long interval is over.
UPDATE segments SET answered = requested, running_compute = NULL, running_request = NULL, lease_until = NULL,
    last_error = %(words)s || coalesce(nullif(last_error, ''), 'its worker died each time without a word.'),
    due_at = CASE WHEN is_active AND refresh_interval > 0
                  THEN %(now)s + make_interval(mins => least(refresh_interval, 60)) END
WHERE workspace_id = %(workspace_id)s AND id = %(segment_id)s AND requested > answered
  AND (running_compute IS NULL OR lease_until <= %(now)s)

-- name: replace_compute
UPDATE segment_computes SET replaced_at = %(now)s
WHERE workspace_id = %(workspace_id)s AND id = ANY(%(computes)s) AND replaced_at IS NULL

-- name: current_membership
SELECT compute.id, compute.ordinal, compute.member_count, compute.finished_at, compute.replaced_at
FROM segments segment JOIN segment_computes compute
  ON compute.workspace_id = segment.workspace_id AND compute.id = segment.current_compute
WHERE segment.workspace_id = %(workspace_id)s AND segment.id = %(segment_id)s

-- name: membership
-- One finished compute of a segment, while its members are kept.
SELECT id, ordinal, member_count, finished_at, replaced_at FROM segment_computes
WHERE workspace_id = %(workspace_id)s AND segment_id = %(segment_id)s AND ordinal = %(ordinal)s AND dropped_at IS NULL
  AND (replaced_at IS NULL OR replaced_at > %(kept_since)s)

-- name: due
-- Of all workspaces, ten of each at a turn, the longest due first: who has thousands keeps nobody waiting.
SELECT workspace_id, id FROM (
    SELECT workspace_id, id, due_at, (row_number() OVER (PARTITION BY workspace_id ORDER BY due_at, id) - 1) / 10 AS turn
    FROM segments WHERE due_at <= %(now)s
) AS found ORDER BY turn, due_at, id LIMIT %(limit)s

-- name: forgotten
-- Asked for, and nobody is at it: the message was lost, or its worker died. In turns, as what is due.
SELECT workspace_id, id FROM (
    SELECT workspace_id, id, requested_at,
           (row_number() OVER (PARTITION BY workspace_id ORDER BY requested_at, id) - 1) / 10 AS turn
    FROM segments
    WHERE requested > answered AND requested_at < %(before)s AND (running_compute IS NULL OR lease_until <= %(now)s)
) AS found ORDER BY turn, requested_at, id LIMIT %(limit)s

-- name: unanswered
SELECT workspace_id, id FROM segments WHERE requested > answered ORDER BY requested_at, id

-- name: end_leases
-- Whoever held them is known to be dead.
UPDATE segments SET lease_until = %(now)s
WHERE workspace_id = %(workspace_id)s AND id = ANY(%(segment_ids)s) AND lease_until > %(now)s

-- name: abandoned
-- Computes that never finished and that no segment waits for any more.
SELECT compute.workspace_id, compute.id FROM segment_computes compute
WHERE compute.dropped_at IS NULL AND compute.replaced_at IS NULL AND compute.finished_at IS NULL
  AND compute.started_at < %(before)s
  AND NOT EXISTS (SELECT FROM segments segment WHERE segment.workspace_id = compute.workspace_id
                  AND segment.id = compute.segment_id AND segment.running_compute = compute.id)
ORDER BY compute.id LIMIT %(limit)s

-- name: replaced
SELECT workspace_id, segment_id, id FROM segment_computes
WHERE dropped_at IS NULL AND replaced_at < %(before)s ORDER BY replaced_at LIMIT %(limit)s

-- name: dropped
SELECT workspace_id, id FROM segment_computes WHERE dropped_at < %(before)s ORDER BY dropped_at LIMIT %(limit)s

-- name: mark_dropped
UPDATE segment_computes SET dropped_at = %(now)s WHERE workspace_id = %(workspace_id)s AND id = ANY(%(computes)s)

-- name: forget_of_deleted
-- The history of a segment that is no more.
DELETE FROM segment_computes compute
WHERE compute.workspace_id = %(workspace_id)s AND compute.id = ANY(%(computes)s) AND NOT EXISTS (
    SELECT FROM segments segment
    WHERE segment.workspace_id = %(workspace_id)s AND segment.id = compute.segment_id)

-- name: forget
DELETE FROM segment_computes WHERE workspace_id = %(workspace_id)s AND id = ANY(%(computes)s)
