-- Recompute every placement of one scheme from ST_Covers and the written rule, and give those that differ. It shares
-- nothing with intake but the stored points and boundaries. A recorded override changes who acts, not where the
-- point lies, so it is no difference. Distances may differ by 2 mm between builds of PROJ.
-- Parameters: scheme_id, srid, near_limit_m, extent, tree.
WITH covering AS (
    -- Driven from the cells: PostGIS then prepares each polygon once and finds its points by their index.
    SELECT inside.case_id, k.grid_id, k.grid_no, k.overlapped,
        -- On the border in degrees is on the border, though the metric CRS bends it by some millimetres.
        CASE WHEN inside.edge_m <= 0.005 AND ST_Intersects(ST_Boundary(k.geom), inside.geom) THEN 0
            ELSE inside.edge_m END AS edge_now
    FROM check_cells k
    CROSS JOIN LATERAL (
        SELECT c.id AS case_id, c.geom,
            floor(ST_Distance(ST_Transform(c.geom, :srid), k.border_m) * 1000 + 0.5) / 1000 AS edge_m
        FROM cases c
        WHERE ST_Covers(k.geom, c.geom) AND c.tree = :tree AND k.valid @> c.occurred_at
        OFFSET 0
    ) inside
), own AS (
    SELECT DISTINCT ON (case_id) case_id, grid_id, edge_now, overlapped FROM covering ORDER BY case_id, grid_no
), measured AS (
    SELECT c.id AS case_id, c.occurred_at, c.geom, p.case_id IS NULL AS missing, p.version, p.grid_id,
        p.nearest_grid_id, p.outside_m, p.edge_distance_m, p.near_border, p.second_grid_id,
        v.version AS version_now, own.grid_id AS own_id, own.edge_now, own.overlapped
    FROM cases c
    LEFT JOIN placements p ON p.case_id = c.id AND p.scheme_id = :scheme_id
    LEFT JOIN scheme_versions v ON v.scheme_id = :scheme_id AND v.valid @> c.occurred_at
    LEFT JOIN own ON own.case_id = c.id
    WHERE c.tree = :tree
), expected AS (
    SELECT t.*, COALESCE(t.edge_now <= :near_limit_m, false) AS near_now, second.grid_id AS second_now,
        second.close_call, near.grid_id AS nearest_now, near.outside_now
    FROM measured t
    LEFT JOIN LATERAL (
        -- The second choice, and whether a rival is so close behind (or so close to the limit) that a millimetre decides.
        SELECT (array_agg(r.grid_id ORDER BY r.away_m, r.grid_no) FILTER (WHERE r.away_m <= :near_limit_m))[1] AS grid_id,
            bool_or(abs(r.away_m - :near_limit_m) <= 0.002) OR count(*) FILTER (
                WHERE r.away_m <= r.least_m + 0.002
            ) > 1 AS close_call
        FROM (
            SELECT k.grid_id, k.grid_no, d.away_m, min(d.away_m) OVER () AS least_m
            FROM check_cells k
            CROSS JOIN LATERAL (SELECT floor(ST_Distance(ST_Transform(t.geom, :srid), k.geom_m) * 1000 + 0.5) / 1000 AS away_m) d
            -- Conditions on the outer row stand inside, so that rows far from a border never get here, unless another
            -- cell may cross their own. The metric CRS may bend two sides of a border apart by 1 cm.
            WHERE (t.edge_now <= :near_limit_m + 0.012 OR t.overlapped) AND k.valid @> t.occurred_at AND k.grid_id <> t.own_id
                AND k.geom_m && ST_Expand(ST_Transform(t.geom, :srid), :near_limit_m + 0.01) AND d.away_m <= :near_limit_m + 0.002
        ) r
    ) second ON true
    LEFT JOIN LATERAL (
        SELECT n.grid_id, n.away_m AS outside_now
        FROM (
            SELECT k.grid_id, k.grid_no, floor(ST_Distance(ST_Transform(t.geom, :srid), k.geom_m) * 1000 + 0.5) / 1000 AS away_m
            FROM check_cells k
            WHERE t.own_id IS NULL AND :extent = 'whole' AND k.valid @> t.occurred_at
            ORDER BY k.geom_m <-> ST_Transform(t.geom, :srid) LIMIT 8
        ) n
        ORDER BY n.away_m, n.grid_no LIMIT 1
    ) near ON true
)
SELECT e.case_id::text AS number, found.field, found.stored, found.expected
FROM (
    SELECT *,
        CASE WHEN missing THEN (own_id IS NOT NULL OR :extent = 'whole') AND version_now IS NOT NULL
            ELSE own_id IS NULL AND :extent = 'partial' END AS placement_differs,
        version IS DISTINCT FROM version_now AS version_differs,
        grid_id IS DISTINCT FROM own_id AS grid_differs,
        COALESCE(abs(edge_distance_m - edge_now) > 0.002, (edge_distance_m IS NULL) <> (edge_now IS NULL))
            AS edge_differs,
        near_border <> near_now AND COALESCE(abs(edge_now - :near_limit_m) > 0.002, true) AS near_differs,
        second_grid_id IS DISTINCT FROM second_now AND NOT COALESCE(close_call, false) AS second_differs,
        nearest_grid_id IS DISTINCT FROM nearest_now AS nearest_differs,
        COALESCE(abs(outside_m - outside_now) > 0.002, (outside_m IS NULL) <> (outside_now IS NULL))
            AS outside_differs
    FROM expected
) e
CROSS JOIN LATERAL (
    VALUES
        ('placement', e.placement_differs, e.grid_id::text, COALESCE(e.own_id, e.nearest_now)::text),
        ('version', NOT e.missing AND e.version_differs, e.version::text, e.version_now::text),
        ('grid', NOT e.missing AND e.grid_differs, e.grid_id::text, e.own_id::text),
        ('edge_distance_m', NOT e.missing AND e.edge_differs, e.edge_distance_m::text, e.edge_now::text),
        ('near_border', NOT e.missing AND e.near_differs, e.near_border::text, e.near_now::text),
        ('second_grid', NOT e.missing AND e.second_differs, e.second_grid_id::text, e.second_now::text),
        ('nearest_grid', NOT e.missing AND e.nearest_differs, e.nearest_grid_id::text, e.nearest_now::text),
        ('outside_m', NOT e.missing AND e.outside_differs, e.outside_m::text, e.outside_now::text)
) AS found (field, differs, stored, expected)
WHERE (e.placement_differs OR e.version_differs OR e.grid_differs OR e.edge_differs OR e.near_differs
    OR e.second_differs OR e.nearest_differs OR e.outside_differs) AND found.differs
ORDER BY e.case_id, found.field
