-- One case with its events, placements and clocks, and the claim of its idempotency key, in one statement: all or nothing.
-- One row comes back: whether the city's boundaries and its catalogue are those it was judged by, which edition of the
-- catalogue holds, the case's number, and open cases that may be the same. Without them, or where the key was claimed
-- before, there is no number and nothing is written.
WITH held AS MATERIALIZED (
    SELECT hold_versions(CAST(:judged_by AS jsonb), true)
            AND (e.id, e.first_day, e.last_day) IS NOT DISTINCT FROM (
                CAST(:catalogue_id AS int), CAST(:first_day AS date), CAST(:last_day AS date)
            ) AS is_current,
        e.id AS edition_id, e.version, e.recorded_at, e.first_day, e.last_day
    FROM (SELECT) one
    LEFT JOIN hold_catalogue(:tree, :received_at) e ON true
), point AS (
    SELECT ST_SetSRID(ST_MakePoint(:lon, :lat), 4326) AS geom
), alike AS MATERIALIZED (
    SELECT COALESCE(jsonb_agg(jsonb_build_object(
        'number', d.id::text, 'state', d.state, 'occurred_at', d.occurred_at, 'description', d.description,
        'away_m', d.away_m
    ) ORDER BY d.away_m, d.id), '[]') AS offered
    FROM (
        SELECT c.id, c.state, c.occurred_at, c.description,
            CAST(round(CAST(away.metres AS numeric), 1) AS float8) AS away_m
        FROM point
        CROSS JOIN LATERAL (
            SELECT * FROM cases
            WHERE geom && ST_Expand(point.geom, :same_width, :same_height)
                -- Written out as in the index of the open cases, for the plan is made before there are parameters.
                AND NOT (state IN ('archived', 'rejected', 'merged'))
            OFFSET 0 -- or, where the table has no statistics yet, all open cases of the city are read
        ) c
        CROSS JOIN LATERAL (
            SELECT ST_Distance(CAST(c.geom AS geography), CAST(point.geom AS geography)) AS metres
            OFFSET 0 -- or it is measured again wherever it is named
        ) away
        WHERE c.matter_id = :same_matter AND c.tree = :tree
            AND c.occurred_at BETWEEN CAST(:same_at AS timestamptz) - :same_within_h * interval '1 hour'
                AND CAST(:same_at AS timestamptz) + :same_within_h * interval '1 hour'
            AND away.metres <= :same_within_m
        ORDER BY away_m, c.id LIMIT :same_most
    ) d
), number AS MATERIALIZED (
    SELECT nextval(pg_get_serial_sequence('cases', 'id')) AS id FROM held WHERE held.is_current
), claim AS (
    INSERT INTO idempotency_keys (actor, key, body_hash, answer)
    SELECT :actor, :key, :body_hash,
        CAST(:answer AS jsonb) || jsonb_build_object('number', number.id::text, 'duplicates', alike.offered)
    FROM number, alike WHERE CAST(:key AS text) IS NOT NULL
    ON CONFLICT DO NOTHING
    RETURNING key
), new AS (
    INSERT INTO cases (
        id, tree, scheme_id, source, category, description, state, queue_reason, occurred_at, occurred_precision,
        received_at, raw_x, raw_y, raw_datum, staff_id, owner_staff_id, task_grid_id, reasons, geom, matter_id, urgency,
        place_class, department_id, assisting, clock, due_at, due_milestone
    )
    SELECT number.id, :tree, :scheme_id, :source, :category, :description, :state, :queue_reason, :occurred_at,
        :occurred_precision, :received_at, :raw_x, :raw_y, :raw_datum, :staff_id, :owner_staff_id, :task_grid_id,
        CAST(:reasons AS jsonb), point.geom, :matter_id, :urgency, :place_class, :department_id,
        CAST(:assisting AS bigint[]), :clock, :due_at, :due_milestone
    FROM number, point WHERE CAST(:key AS text) IS NULL OR EXISTS (SELECT FROM claim)
    RETURNING id
), event AS (
    INSERT INTO case_events (case_id, at, kind, actor, role, scheme_version, detail)
    SELECT new.id, e.at, e.kind, :actor, :role, :version, e.detail
    FROM new, jsonb_to_recordset(CAST(:events AS jsonb)) AS e (at timestamptz, kind text, detail jsonb)
), clock AS (
    INSERT INTO case_clocks (case_id, tree, stage, round, milestone, started_at, due_at, met_at, void)
    SELECT new.id, :tree, k.stage, k.round, k.milestone, k.started_at, k.due_at, k.met_at, k.void
    FROM new, jsonb_to_recordset(CAST(:clocks AS jsonb)) AS k (
        stage text, round smallint, milestone text, started_at timestamptz, due_at timestamptz, met_at timestamptz,
        void bool
    )
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
SELECT held.is_current, held.edition_id, held.version, held.recorded_at, held.first_day, held.last_day,
    new.id::text AS number, alike.offered AS duplicates
FROM held CROSS JOIN alike LEFT JOIN new ON true
