-- The foundation: workspaces, access, schema, memory, jobs with their ledger, products and the way to the mirror.
--
-- Every table of a workspace's things has forced row-level security. The setting skuloom.workspace_id is set once per
-- transaction; a query without it is refused by the database ("unrecognized configuration parameter" in a fresh
-- session, "invalid input syntax" after a rollback), never answered with everything.

CREATE FUNCTION current_workspace() RETURNS bigint
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN current_setting('skuloom.workspace_id')::bigint;

-- The registry of workspaces: names only, readable before a workspace is known.
CREATE TABLE workspaces (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE CHECK (name ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE api_keys (
    workspace_id bigint NOT NULL REFERENCES workspaces,
    id bigint GENERATED ALWAYS AS IDENTITY,
    name text NOT NULL,
    prefix text NOT NULL,
    key_hash bytea NOT NULL,
    scopes text[] NOT NULL,
    expires_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (workspace_id, id),
    UNIQUE (workspace_id, key_hash)
);
CREATE INDEX api_keys_by_hash ON api_keys (key_hash);

CREATE TABLE product_schemas (
    workspace_id bigint PRIMARY KEY REFERENCES workspaces,
    id bigint GENERATED ALWAYS AS IDENTITY,
    fields jsonb NOT NULL,
    default_currency text NOT NULL,
    default_locale text NOT NULL,
    version bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE learned_mappings (
    workspace_id bigint NOT NULL REFERENCES workspaces,
    header_key text NOT NULL,
    field text NOT NULL,
    learned_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (workspace_id, header_key)
);

CREATE TABLE import_jobs (
    workspace_id bigint NOT NULL REFERENCES workspaces,
    id bigint GENERATED ALWAYS AS IDENTITY,
    uuid uuid NOT NULL,
    state text NOT NULL,
    run integer NOT NULL DEFAULT 0,
    import_type text NOT NULL,
    file_name text NOT NULL,
    file_type text NOT NULL,
    file_bytes bigint,
    file_sha256 text,
    file_key text,
    content_key text,
    content_version text,
    match_on text NOT NULL,
    error_policy text NOT NULL DEFAULT 'skip',
    analysis jsonb,
    suggestion jsonb,
    mapping jsonb,
    confirmation jsonb,
    plan jsonb,
    total_rows bigint NOT NULL DEFAULT 0,
    chunk_count integer NOT NULL DEFAULT 0,
    chunks_done integer NOT NULL DEFAULT 0,
    created bigint NOT NULL DEFAULT 0,
    updated bigint NOT NULL DEFAULT 0,
    unchanged bigint NOT NULL DEFAULT 0,
    skipped bigint NOT NULL DEFAULT 0,
    error_rows bigint NOT NULL DEFAULT 0,
    warnings bigint NOT NULL DEFAULT 0,
    takeovers integer NOT NULL DEFAULT 0,
    beat_at timestamptz NOT NULL DEFAULT now(),
    lease_until timestamptz,
    error_message text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    completed_at timestamptz,
    PRIMARY KEY (workspace_id, id),
    UNIQUE (workspace_id, uuid)
);
CREATE INDEX import_jobs_latest ON import_jobs (workspace_id, created_at DESC, id DESC);
CREATE INDEX import_jobs_leased ON import_jobs (lease_until) WHERE lease_until IS NOT NULL;

-- The ledger: one row a chunk. done_run = the job's run means its rows, errors and counters are committed.
CREATE TABLE import_chunks (
    workspace_id bigint NOT NULL,
    job_id bigint NOT NULL,
    number integer NOT NULL,
    byte_start bigint NOT NULL,
    byte_end bigint NOT NULL,
    first_row bigint NOT NULL,
    row_count integer NOT NULL,
    first_line bigint NOT NULL,
    done_run integer NOT NULL DEFAULT 0,
    done_at timestamptz,
    failures integer NOT NULL DEFAULT 0,
    last_failure text NOT NULL DEFAULT '',
    PRIMARY KEY (workspace_id, job_id, number),
    FOREIGN KEY (workspace_id, job_id) REFERENCES import_jobs ON DELETE CASCADE
);

CREATE TABLE row_errors (
    workspace_id bigint NOT NULL,
    job_id bigint NOT NULL,
    run integer NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    row_number bigint NOT NULL,
    line bigint NOT NULL,
    severity text NOT NULL,
    error_type text NOT NULL,
    field text,
    column_name text,
    message text NOT NULL,
    raw_value text,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (workspace_id, job_id, run, row_number, id),
    FOREIGN KEY (workspace_id, job_id) REFERENCES import_jobs ON DELETE CASCADE
);

-- Which row of a file holds a key, for files in which a key may come more than once: the last row wins whatever order
-- chunks finish in. Emptied when the job ends.
CREATE TABLE row_claims (
    workspace_id bigint NOT NULL,
    job_id bigint NOT NULL,
    run integer NOT NULL,
    key text NOT NULL,
    row_number bigint NOT NULL,
    line bigint NOT NULL,
    previous_row bigint,
    previous_line bigint,
    PRIMARY KEY (workspace_id, job_id, run, key),
    FOREIGN KEY (workspace_id, job_id) REFERENCES import_jobs ON DELETE CASCADE
);

-- Every write takes its version from here inside the row's lock; the mirror keeps the highest.
CREATE SEQUENCE products_version;

CREATE TABLE products (
    workspace_id bigint NOT NULL REFERENCES workspaces,
    id bigint GENERATED ALWAYS AS IDENTITY,
    sku text NOT NULL CHECK (length(sku) BETWEEN 1 AND 255),
    ean text CHECK (ean ~ '^[0-9]{14}$'),
    name text NOT NULL,
    data jsonb NOT NULL,
    raw_data jsonb,
    source text NOT NULL,
    supplier_code text,
    ai_readability_score smallint,
    row_hash bytea,
    job_id bigint,
    version bigint NOT NULL DEFAULT nextval('products_version'),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (workspace_id, id)
);
CREATE UNIQUE INDEX products_sku ON products (workspace_id, sku);
CREATE UNIQUE INDEX products_ean ON products (workspace_id, ean) WHERE ean IS NOT NULL;

-- What the mirror has yet to hear of: written with the products, deleted once ClickHouse has them. A deletion brings the
-- version its tombstones carry, taken in the deleting transaction. Whoever writes deletions must keep inserts of the same
-- workspace out meanwhile (an advisory lock that upserts share): an insert draws its version before it waits.
CREATE TABLE mirror_outbox (
    workspace_id bigint NOT NULL REFERENCES workspaces,
    id bigint GENERATED ALWAYS AS IDENTITY,
    skus text[] NOT NULL,
    tombstone_version bigint,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (workspace_id, id)
);

-- A product as one JSON line of the mirror (ClickHouse's JSONEachRow). Glued from texts: half the time of json_build_object.
CREATE FUNCTION mirror_line(product products) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN '{"workspace":' || product.workspace_id
        || ',"sku":' || to_json(product.sku)
        || ',"name":' || to_json(product.name)
        || ',"ean":' || coalesce('"' || product.ean || '"', 'null')
        || ',"source":' || to_json(product.source)
        || ',"supplier_code":' || coalesce(to_json(product.supplier_code)::text, 'null')
        || ',"ai_readability_score":' || coalesce(product.ai_readability_score::text, 'null')
        || ',"created_at":' || extract(epoch FROM product.created_at)
        || ',"updated_at":' || extract(epoch FROM product.updated_at)
        || ',"data":' || product.data::text
        || ',"version":' || product.version
        || ',"deleted":0}';

-- Isolation.

DO $$
DECLARE
    each_table text;
BEGIN
    FOREACH each_table IN ARRAY ARRAY['api_keys', 'product_schemas', 'learned_mappings', 'import_jobs', 'import_chunks',
                                      'row_errors', 'row_claims', 'products', 'mirror_outbox'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', each_table);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', each_table);
        EXECUTE format('CREATE POLICY own_workspace ON %I USING (workspace_id = (SELECT current_workspace()))'
                       ' WITH CHECK (workspace_id = current_workspace())', each_table);
    END LOOP;
END $$;

-- A caller who shows a key may see that key's row, to learn which workspace it opens.
CREATE POLICY presented_key ON api_keys FOR SELECT
    USING (key_hash = decode(current_setting('skuloom.presented_key', true), 'hex'));

-- The scheduled function looks over all workspaces for jobs and mirror work to take up; it reads these two tables only.
CREATE POLICY sweep ON import_jobs FOR SELECT USING (current_setting('skuloom.sweep', true) = 'on');
CREATE POLICY sweep ON mirror_outbox FOR SELECT USING (current_setting('skuloom.sweep', true) = 'on');

GRANT USAGE ON SCHEMA public TO :app_role;
GRANT SELECT, INSERT ON workspaces TO :app_role;
GRANT SELECT, INSERT, UPDATE, DELETE ON api_keys, product_schemas, learned_mappings, import_jobs, import_chunks,
    row_errors, row_claims, products, mirror_outbox TO :app_role;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO :app_role;
