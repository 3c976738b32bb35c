-- name: read
-- An answer that is not too old.
SELECT answer FROM model_answers
WHERE workspace_id = %(workspace_id)s AND question_key = %(question_key)s AND answered_at >= %(since)s

-- name: keep
INSERT INTO model_answers (workspace_id, question_key, answer, answered_at)
VALUES (%(workspace_id)s, %(question_key)s, %(answer)s, %(now)s)
ON CONFLICT (workspace_id, question_key) DO UPDATE SET answer = excluded.answer, answered_at = excluded.answered_at

-- name: forget
-- Answers that nobody reads any more.
DELETE FROM model_answers WHERE workspace_id = %(workspace_id)s AND answered_at < %(since)s

-- name: reserve
-- Take from the month's budget what a question may come to; nothing is returned when too little is left of it. One
-- statement: of two questions of the same moment the second sees what the first has taken.
INSERT INTO model_spending AS spent (workspace_id, month, questions, input_tokens, output_tokens)
SELECT %(workspace_id)s, %(month)s, 1, %(input_tokens)s, %(output_tokens)s
WHERE %(input_tokens)s::bigint + %(output_tokens)s::bigint <= %(budget_tokens)s::bigint
ON CONFLICT (workspace_id, month) DO UPDATE SET
    questions = spent.questions + 1,
    input_tokens = spent.input_tokens + excluded.input_tokens,
    output_tokens = spent.output_tokens + excluded.output_tokens
WHERE spent.input_tokens + spent.output_tokens + excluded.input_tokens + excluded.output_tokens
    <= %(budget_tokens)s::bigint
RETURNING questions

-- name: settle
-- Put what a question came to in place of what was reserved for it.
UPDATE model_spending SET
    input_tokens = greatest(0, input_tokens + %(input_tokens)s),
    output_tokens = greatest(0, output_tokens + %(output_tokens)s)
WHERE workspace_id = %(workspace_id)s AND month = %(month)s
