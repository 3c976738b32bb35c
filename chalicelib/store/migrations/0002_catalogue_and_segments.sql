-- The catalogue as it is edited and counted, and the segments cut from it.

-- What changed in the catalogue, one row a writing transaction, written with the products. Two readers: the count of
-- products is catalog_totals plus what stands here, and segments learn from it which fields moved. Whoever takes rows
-- away folds their counts into catalog_totals in the same transaction, so the sum is exact at every moment and no two
-- writers wait for each other. announced: its writer, or one before it, asks for a refresh soon; the chunks of an import do
-- not, its end does.
CREATE TABLE catalog_changes (
    workspace_id bigint NOT NULL REFERENCES workspaces,
    id bigint GENERATED ALWAYS AS IDENTITY,
    created bigint NOT NULL DEFAULT 0,
    deleted bigint NOT NULL DEFAULT 0,
    fields text[] NOT NULL,
    announced boolean NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (workspace_id, id)
);

CREATE TABLE catalog_totals (
    workspace_id bigint PRIMARY KEY REFERENCES workspaces,
    products bigint NOT NULL
);

-- requested counts what was asked for, answered what was done: a segment has work while requested > answered. The
-- running compute holds a lease; only its own token (running_compute) may swap the set in. due_at is when the clock asks
-- next (null: never by itself).
CREATE TABLE segments (
    workspace_id bigint NOT NULL REFERENCES workspaces,
    id bigint GENERATED ALWAYS AS IDENTITY,
    name text NOT NULL,
    description text NOT NULL DEFAULT '',
    is_active boolean NOT NULL,
    definition json NOT NULL,
    definition_version bigint NOT NULL DEFAULT 1,
    reads text[] NOT NULL,
    members_of bigint[] NOT NULL,
    refresh_interval integer NOT NULL CHECK (refresh_interval = 0 OR refresh_interval >= 5),
    due_at timestamptz,
    current_compute bigint,
    computed_definition bigint,
    computed_count bigint NOT NULL DEFAULT 0,
    last_computed_at timestamptz,
    computes integer NOT NULL DEFAULT 0,
    requested bigint NOT NULL DEFAULT 0,
    answered bigint NOT NULL DEFAULT 0,
    requested_at timestamptz,
    running_compute bigint,
    running_request bigint,
    lease_until timestamptz,
    last_error text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (workspace_id, id)
);
CREATE INDEX segments_due ON segments (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX segments_asked ON segments (requested_at) WHERE requested > answered;

-- Every compute that ever wrote members, so that none is left behind: replaced_at is when readers turned away from it
-- (or its worker died), dropped_at when its members were deleted. ordinal numbers a segment's finished computes from 0
-- and is part of the members' cursor. No foreign key: the members of a deleted segment are still to be dropped.
CREATE TABLE segment_computes (
    workspace_id bigint NOT NULL REFERENCES workspaces,
    id bigint GENERATED ALWAYS AS IDENTITY,
    segment_id bigint NOT NULL,
    ordinal integer,
    member_count bigint,
    started_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    replaced_at timestamptz,
    dropped_at timestamptz,
    PRIMARY KEY (workspace_id, id)
);
CREATE INDEX segment_computes_of ON segment_computes (workspace_id, segment_id, ordinal);
CREATE INDEX segment_computes_replaced ON segment_computes (replaced_at) WHERE dropped_at IS NULL;
CREATE INDEX segment_computes_dropped ON segment_computes (dropped_at) WHERE dropped_at IS NOT NULL;

-- The mirror's lines carry the product's id: lists are ordered by it.
CREATE OR REPLACE FUNCTION mirror_line(product products) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN '{"workspace":' || product.workspace_id
        || ',"sku":' || to_json(product.sku)
        || ',"id":' || product.id
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

-- Products that were there before: counted, and told to the mirror again, which has no ids for them; as late entries,
-- so that whoever asks the mirror first brings it up to date. The owner is bound by row-level security too, and has no
-- workspace: it steps out of it for these two statements.
ALTER TABLE products NO FORCE ROW LEVEL SECURITY;
ALTER TABLE mirror_outbox NO FORCE ROW LEVEL SECURITY;
INSERT INTO catalog_totals (workspace_id, products) SELECT workspace_id, count(*) FROM products GROUP BY workspace_id;
INSERT INTO mirror_outbox (workspace_id, skus, created_at)
SELECT workspace_id, array_agg(sku), now() - interval '1 hour' FROM (
    SELECT workspace_id, sku, (row_number() OVER (PARTITION BY workspace_id ORDER BY id) - 1) / 5000 AS part FROM products
) AS numbered GROUP BY workspace_id, part;
ALTER TABLE products FORCE ROW LEVEL SECURITY;
ALTER TABLE mirror_outbox FORCE ROW LEVEL SECURITY;

DO $$
DECLARE
    each_table text;
BEGIN
    FOREACH each_table IN ARRAY ARRAY['catalog_changes', 'catalog_totals', 'segments', 'segment_computes'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', each_table);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', each_table);
        EXECUTE format('CREATE POLICY own_workspace ON %I USING (workspace_id = (SELECT current_workspace()))'
                       ' WITH CHECK (workspace_id = current_workspace())', each_table);
    END LOOP;
END $$;

-- The scheduled function looks for segments that are due or forgotten, computes to drop, and changes nobody took up.
CREATE POLICY sweep ON segments FOR SELECT USING (current_setting('skuloom.sweep', true) = 'on');
CREATE POLICY sweep ON segment_computes FOR SELECT USING (current_setting('skuloom.sweep', true) = 'on');
CREATE POLICY sweep ON catalog_changes FOR SELECT USING (current_setting('skuloom.sweep', true) = 'on');

GRANT SELECT, INSERT, UPDATE, DELETE ON catalog_changes, catalog_totals, segments, segment_computes TO :app_role;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO :app_role;
