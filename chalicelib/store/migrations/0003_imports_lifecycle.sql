-- The lifecycle of imports: whom a job is for, how its file is read, what is asked of its rows, and the way back.

-- A supplier that was only named by a file's upload is a stub: its code, and nothing else yet.
CREATE TABLE suppliers (
    workspace_id bigint NOT NULL REFERENCES workspaces,
    id uuid NOT NULL,
    code text NOT NULL CHECK (length(code) BETWEEN 1 AND 100),
    name text NOT NULL DEFAULT '',
    is_stub boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (workspace_id, id)
);
CREATE UNIQUE INDEX suppliers_code ON suppliers (workspace_id, code);

-- The mapping a supplier's files of these headers were last confirmed with. headers_key names the set of headers.
CREATE TABLE supplier_mappings (
    workspace_id bigint NOT NULL,
    supplier_id uuid NOT NULL,
    headers_key text NOT NULL,
    mapping jsonb NOT NULL,
    confirmed_at timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, supplier_id, headers_key),
    FOREIGN KEY (workspace_id, supplier_id) REFERENCES suppliers ON DELETE CASCADE
);

-- A template's content lives in its versions; version is the newest of them. A mapping is json, which keeps the order.
CREATE TABLE import_templates (
    workspace_id bigint NOT NULL REFERENCES workspaces,
    id uuid NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 255),
    supplier_id uuid,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, supplier_id) REFERENCES suppliers ON DELETE SET NULL (supplier_id)
);
CREATE UNIQUE INDEX import_templates_name ON import_templates (workspace_id, name);

CREATE TABLE import_template_versions (
    workspace_id bigint NOT NULL,
    template_id uuid NOT NULL,
    version integer NOT NULL,
    mapping json NOT NULL,
    rules jsonb NOT NULL,
    options jsonb NOT NULL,
    reading jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (workspace_id, template_id, version),
    FOREIGN KEY (workspace_id, template_id) REFERENCES import_templates ON DELETE CASCADE
);

-- kind: an import, or the undoing of one (undo_of). undone_by is the job that undoes or has undone this one. reading is
-- how the caller says the file is to be read, source where it is to be fetched from, rules and options what was saved with
-- the mapping. auto_start: the job starts by itself once its mapping is known. retried: its queued run is a second one.
-- phase: a run that must see all rows before it writes any checks them first. spent holds what the receipt tells of: under
-- "run" the sums over the chunks of the current run (milliseconds by what they were spent on), and "takeovers" of all runs.
ALTER TABLE import_jobs
    ADD COLUMN kind text NOT NULL DEFAULT 'import' CHECK (kind IN ('import', 'undo')),
    ADD COLUMN undo_of bigint,
    ADD COLUMN undone_by bigint,
    ADD COLUMN supplier_id uuid,
    ADD COLUMN supplier_code text,
    ADD COLUMN template_id uuid,
    ADD COLUMN template_version integer,
    ADD COLUMN reading jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN source jsonb,
    ADD COLUMN mapping_source text,
    ADD COLUMN rules jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN options jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN auto_start boolean NOT NULL DEFAULT false,
    ADD COLUMN retried boolean NOT NULL DEFAULT false,
    ADD COLUMN is_archived boolean NOT NULL DEFAULT false,
    ADD COLUMN phase text NOT NULL DEFAULT 'write' CHECK (phase IN ('check', 'write')),
    ADD COLUMN chunks_checked integer NOT NULL DEFAULT 0,
    ADD COLUMN analyzed_at timestamptz,
    ADD COLUMN mapped_at timestamptz,
    ADD COLUMN queued_at timestamptz,
    ADD COLUMN spent jsonb NOT NULL DEFAULT '{}';
CREATE INDEX import_jobs_supplier ON import_jobs (workspace_id, supplier_code, created_at DESC, id DESC);

-- checked_run: the run whose check of this chunk is committed.
ALTER TABLE import_chunks
    ADD COLUMN checked_run integer NOT NULL DEFAULT 0;

-- Valid EANs of rows that could not become a product. An ignored one stays, so that it does not come back.
CREATE TABLE pending_eans (
    workspace_id bigint NOT NULL REFERENCES workspaces,
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    ean text NOT NULL CHECK (ean ~ '^[0-9]{14}$'),
    printed text NOT NULL,
    supplier_code text NOT NULL DEFAULT '',
    description text NOT NULL DEFAULT '',
    job_id bigint,
    first_seen_at timestamptz NOT NULL DEFAULT now(),
    ignored_at timestamptz,
    PRIMARY KEY (workspace_id, id)
);
CREATE UNIQUE INDEX pending_eans_ean ON pending_eans (workspace_id, ean, supplier_code);
CREATE INDEX pending_eans_newest ON pending_eans (workspace_id, first_seen_at DESC, id) WHERE ignored_at IS NULL;

-- The way back: what each chunk of an import wrote, in one row, numbered in the order in which the chunks of a job took
-- their rows (a number is drawn once the rows are written, before they can be seen). Created products by their ids and
-- the versions they were given; the changed ones as they were before, in before_images.
CREATE TABLE product_writes (
    workspace_id bigint NOT NULL,
    job_id bigint NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    created_ids bigint[] NOT NULL,
    created_versions bigint[] NOT NULL,
    created integer NOT NULL,
    changed integer NOT NULL,
    PRIMARY KEY (workspace_id, job_id, id),
    FOREIGN KEY (workspace_id, job_id) REFERENCES import_jobs ON DELETE CASCADE
);
-- Squeezing the arrays costs more than their space.
ALTER TABLE product_writes ALTER created_ids SET STORAGE EXTERNAL, ALTER created_versions SET STORAGE EXTERNAL;

-- version is the one the import gave, old_version the one whose content this is. No foreign key: checking thousands a
-- chunk is dear. Whoever deletes a job deletes them.
CREATE TABLE before_images (
    workspace_id bigint NOT NULL,
    job_id bigint NOT NULL,
    write_id bigint NOT NULL,
    product_id bigint NOT NULL,
    version bigint NOT NULL,
    old_version bigint NOT NULL,
    sku text NOT NULL,
    ean text,
    name text NOT NULL,
    data jsonb NOT NULL,
    raw_data jsonb,
    source text NOT NULL,
    supplier_code text,
    product_job_id bigint,
    PRIMARY KEY (workspace_id, job_id, write_id, product_id)
);

-- A product that was brought back has a new version (restored_as) and the content of an old one (restored_from). Any
-- other write raises the version, and then the two mean nothing.
ALTER TABLE products
    ADD COLUMN restored_as bigint,
    ADD COLUMN restored_from bigint;

-- The version that first had this content: to whoever asks whether a product was written since, bringing back is none.
CREATE FUNCTION content_version(product products) RETURNS bigint
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN CASE WHEN product.restored_as = product.version THEN product.restored_from ELSE product.version END;

-- Sums by word with more of them added.
CREATE FUNCTION add_up(sums jsonb, more jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN coalesce(sums, '{}') || coalesce((
        SELECT jsonb_object_agg(added.word, coalesce((sums ->> added.word)::bigint, 0) + added.amount::bigint)
        FROM jsonb_each_text(more) AS added (word, amount)
    ), '{}');

-- has_images: some of the way back is kept.
ALTER TABLE import_jobs ADD COLUMN has_images boolean NOT NULL DEFAULT false;
CREATE INDEX import_jobs_with_images ON import_jobs (completed_at) WHERE has_images;

DO $$
DECLARE
    each_table text;
BEGIN
    FOREACH each_table IN ARRAY ARRAY['suppliers', 'supplier_mappings', 'import_templates', 'import_template_versions',
                                      'pending_eans', 'product_writes', 'before_images'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', each_table);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', each_table);
        EXECUTE format('CREATE POLICY own_workspace ON %I USING (workspace_id = (SELECT current_workspace()))'
                       ' WITH CHECK (workspace_id = current_workspace())', each_table);
    END LOOP;
END $$;

GRANT SELECT, INSERT, UPDATE, DELETE ON suppliers, supplier_mappings, import_templates, import_template_versions,
    pending_eans, product_writes, before_images TO :app_role;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO :app_role;
