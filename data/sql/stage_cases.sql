-- Staging for one chunk of imported cases; gone with the transaction.
CREATE TEMPORARY TABLE stage_cases (
    id bigint NOT NULL DEFAULT nextval('cases_id_seq'),
    row_no bigint NOT NULL,
    source_id text NOT NULL,
    source text NOT NULL,
    category text,
    description text,
    state text NOT NULL,
    queue_reason text,
    occurred_at timestamptz NOT NULL,
    occurred_precision text NOT NULL,
    received_at timestamptz NOT NULL,
    raw_x float8 NOT NULL,
    raw_y float8 NOT NULL,
    raw_datum text NOT NULL,
    lon float8 NOT NULL,
    lat float8 NOT NULL,
    staff_id bigint,
    owner_grid_id bigint,
    task_grid_id bigint,
    version int NOT NULL,
    reasons jsonb NOT NULL
) ON COMMIT DROP
