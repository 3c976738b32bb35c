-- Understanding files: the steps a column's cells go through on their way to a field, and what a model said of columns.

-- The steps a column was confirmed with, and by header for a job, a template's version and a supplier's files.
ALTER TABLE learned_mappings ADD COLUMN transforms jsonb NOT NULL DEFAULT '[]';
ALTER TABLE supplier_mappings ADD COLUMN transforms jsonb NOT NULL DEFAULT '{}';
ALTER TABLE import_template_versions ADD COLUMN transforms json NOT NULL DEFAULT '{}';
ALTER TABLE import_jobs ADD COLUMN transforms jsonb NOT NULL DEFAULT '{}';

-- What a model answered, by a name for all that it was asked.
CREATE TABLE model_answers (
    workspace_id bigint NOT NULL REFERENCES workspaces,
    question_key text NOT NULL,
    answer jsonb NOT NULL,
    answered_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (workspace_id, question_key)
);

-- What the questions of a workspace to a model came to, by month.
CREATE TABLE model_spending (
    workspace_id bigint NOT NULL REFERENCES workspaces,
    month date NOT NULL,
    questions integer NOT NULL DEFAULT 0,
    input_tokens bigint NOT NULL DEFAULT 0,
    output_tokens bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (workspace_id, month)
);

DO $$
DECLARE
    each_table text;
BEGIN
    FOREACH each_table IN ARRAY ARRAY['model_answers', 'model_spending'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', each_table);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', each_table);
        EXECUTE format('CREATE POLICY own_workspace ON %I USING (workspace_id = (SELECT current_workspace()))'
                       ' WITH CHECK (workspace_id = current_workspace())', each_table);
    END LOOP;
END $$;

GRANT SELECT, INSERT, UPDATE, DELETE ON model_answers, model_spending TO :app_role;
