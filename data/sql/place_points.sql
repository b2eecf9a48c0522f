-- Where staged points lie in one version of a scheme, by the border rule (in words in gis.ownership): a row for each.
-- Needs the tables of stage_coverage.sql. Driven from the cells, so that each polygon is read and prepared once and
-- finds its points by their index; only the nearest cell of a point outside is found by the index of the cells.
-- Parameters: scheme_id, version, near_limit_m, far_limit_m (NULL: nobody asks what lies nearest).
WITH cells AS MATERIALIZED (
    -- Through a function, or every point would decompress the stored polygon again.
    SELECT grid_id, grid_no, ST_SetSRID(geom, 4326) AS geom, ST_Boundary(geom) AS border,
        ST_SetSRID(geom_m, 0) AS geom_m, ST_Boundary(geom_m) AS border_m
    FROM placing_cells
    WHERE scheme_id = :scheme_id AND version = :version
), pairs AS (
    SELECT inside.row_no, k.grid_id, k.grid_no, true AS covered, NULL::float8 AS away_m,
        -- On the border in degrees is on the border, though the metric CRS bends it by some millimetres.
        CASE WHEN inside.edge_m <= 0.005 AND ST_Intersects(k.border, inside.geom) THEN 0
            ELSE inside.edge_m END AS edge_m
    FROM cells k
    CROSS JOIN LATERAL (
        SELECT p.row_no, p.geom, floor(ST_Distance(k.border_m, p.geom_m) * 1000 + 0.5) / 1000 AS edge_m
        FROM placing_points p
        WHERE ST_Covers(k.geom, p.geom)
        OFFSET 0
    ) inside
    UNION ALL
    -- Not only beside the edge of the own cell: where cells overlap, another may be near to a point deep inside.
    SELECT around.row_no, k.grid_id, k.grid_no, false, around.away_m, NULL
    FROM cells k
    CROSS JOIN LATERAL (
        SELECT p.row_no, floor(ST_Distance(k.geom_m, p.geom_m) * 1000 + 0.5) / 1000 AS away_m
        FROM placing_points p
        WHERE p.geom_m && ST_Expand(k.geom_m, :near_limit_m + 0.01)
        OFFSET 0
    ) around
    WHERE around.away_m <= :near_limit_m
    UNION ALL
    SELECT row_no, NULL, NULL, false, NULL, NULL FROM placing_points
), judged AS MATERIALIZED (
    SELECT row_no, (array_agg(grid_id ORDER BY grid_no) FILTER (WHERE covered))[1] AS own_id,
        (array_agg(edge_m ORDER BY grid_no) FILTER (WHERE covered))[1] AS edge_m,
        -- Two, for the own cell is mostly the first.
        (array_agg(grid_id ORDER BY away_m, grid_no) FILTER (WHERE away_m IS NOT NULL))[1:2] AS close_ids
    FROM pairs
    GROUP BY row_no
)
SELECT j.own_id AS grid_id, j.edge_m AS edge_distance_m, COALESCE(j.edge_m <= :near_limit_m, false) AS near_border,
    CASE WHEN j.own_id IS NOT NULL THEN j.close_ids[1 + (j.close_ids[1] = j.own_id)::int] END AS second_grid_id,
    COALESCE(tie.grid_id, bound.grid_id) AS nearest_grid_id,
    CASE WHEN j.own_id IS NULL AND CAST(:far_limit_m AS float8) IS NOT NULL
        THEN COALESCE(bound.away_m, 'Infinity') END AS outside_m
FROM judged j
JOIN placing_points p USING (row_no)
LEFT JOIN LATERAL (
    SELECT k.grid_id, floor(ST_Distance(k.geom_m, p.geom_m) * 1000 + 0.5) / 1000 AS away_m
    FROM placing_cells k
    WHERE j.own_id IS NULL AND CAST(:far_limit_m AS float8) IS NOT NULL AND p.geom_m IS NOT NULL
        AND k.scheme_id = :scheme_id AND k.version = :version
    ORDER BY k.geom_m <-> p.geom_m LIMIT 1
) bound ON true
LEFT JOIN LATERAL (
    -- Equally near to the millimetre: the lowest number. A far point is refused, so nobody asks there.
    SELECT k.grid_id
    FROM placing_cells k
    WHERE bound.away_m <= CAST(:far_limit_m AS float8) AND k.scheme_id = :scheme_id AND k.version = :version
        AND k.geom_m && ST_Expand(p.geom_m, bound.away_m + 0.001) AND k.geom_m <#> p.geom_m <= bound.away_m + 0.001
    ORDER BY floor(ST_Distance(k.geom_m, p.geom_m) * 1000 + 0.5) / 1000, k.grid_no LIMIT 1
) tie ON true
ORDER BY j.row_no
