-- One case with its events and placements, and the claim of its idempotency key, in one statement: all or nothing.
-- One row comes back: whether the city's boundaries are those it was judged by, and the case's number. Without them, or
-- where the key was claimed before, there is no number and nothing is written.
WITH held AS MATERIALIZED (
    SELECT hold_versions(CAST(:judged_by AS jsonb), true) AS is_current
), number AS MATERIALIZED (
    SELECT nextval(pg_get_serial_sequence('cases', 'id')) AS id FROM held WHERE held.is_current
), claim AS (
    INSERT INTO idempotency_keys (actor, key, body_hash, answer)
    SELECT :actor, :key, :body_hash, CAST(:answer AS jsonb) || jsonb_build_object('number', number.id::text)
    FROM number WHERE CAST(:key AS text) IS NOT NULL
    ON CONFLICT DO NOTHING
    RETURNING key
), new AS (
    INSERT INTO cases (
        id, tree, scheme_id, source, category, description, state, queue_reason, occurred_at, occurred_precision,
        received_at, raw_x, raw_y, raw_datum, staff_id, owner_staff_id, task_grid_id, reasons, geom
    )
    SELECT number.id, :tree, :scheme_id, :source, :category, :description, :state, :queue_reason, :occurred_at,
        :occurred_precision, :received_at, :raw_x, :raw_y, :raw_datum, :staff_id, :owner_staff_id, :task_grid_id,
        CAST(:reasons AS jsonb), ST_SetSRID(ST_MakePoint(:lon, :lat), 4326)
    FROM number WHERE CAST(:key AS text) IS NULL OR EXISTS (SELECT FROM claim)
    RETURNING id
), event AS (
    INSERT INTO case_events (case_id, at, kind, actor, role, scheme_version, detail)
    SELECT new.id, e.at, e.kind, :actor, :role, :version, e.detail
    FROM new, jsonb_to_recordset(CAST(:events AS jsonb)) AS e (at timestamptz, kind text, detail jsonb)
), placed AS (
    INSERT INTO placements (
        case_id, scheme_id, version, grid_id, nearest_grid_id, outside_m, edge_distance_m, near_border,
        second_grid_id, routing
    )
    SELECT new.id, p.scheme_id, p.version, p.grid_id, p.nearest_grid_id, p.outside_m, p.edge_distance_m,
        p.near_border, p.second_grid_id, p.routing
    FROM new, jsonb_to_recordset(CAST(:placements AS jsonb)) AS p (
        scheme_id int, version int, grid_id bigint, nearest_grid_id bigint, outside_m float8,
        edge_distance_m float8, near_border bool, second_grid_id bigint, routing bool
    )
)
SELECT held.is_current, new.id::text AS number FROM held LEFT JOIN new ON true
