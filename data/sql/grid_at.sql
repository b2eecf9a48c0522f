-- Where one point lies in the named scheme and in every other scheme of its city, at an instant.
-- One row a scheme, the named one first. Parameters: scheme (name), lon, lat (lattice degrees), at (timestamptz).
--
-- The border rule: of the grids that cover the point the one with the lowest grid_no owns it.
-- Distances are in the scheme's metric CRS, from boundaries densified to 2^-8 degree so that a border that is
-- straight in EPSG:4326 stays straight within a centimetre; rounded to the millimetre (half up) before any
-- comparison; gis.ownership has the same rule for arrays. A metric CRS does not reach all of the earth, so a point
-- more than two degrees away is measured on the sphere: it is far beyond any limit.
--
-- Cells are found by their place alone, each time behind an OFFSET 0: left to itself the database may read all cells that
-- hold at the instant beside it, which a city has tens of thousands of.
WITH place AS MATERIALIZED (
    SELECT s.*, v.version AS version_then, p.geom AS point,
        (s.near_limit_m + 1) / 100000 / cos(radians(:lat)) AS near_degrees
    FROM schemes named
    JOIN schemes s ON s.tree = named.tree
    LEFT JOIN scheme_versions v ON v.scheme_id = s.id AND v.valid @> CAST(:at AS timestamptz)
    CROSS JOIN (SELECT ST_SetSRID(ST_MakePoint(:lon, :lat), 4326) AS geom) p
    WHERE named.name = :scheme
)
SELECT
    place.id AS scheme_id, place.name AS scheme, place.tree, place.kind, place.extent, place.priority,
    place.time_zone, place.near_limit_m, place.far_limit_m, place.version_then AS version,
    own.grid_id, own.grid_no, own.code, own.grid_name, own.edge_distance_m,
    COALESCE(own.edge_distance_m <= place.near_limit_m, false) AS near_border,
    second.grid_id AS second_grid_id, second.grid_no AS second_grid_no, second.code AS second_code,
    second.grid_name AS second_name,
    COALESCE(nearest.grid_id, bound.grid_id) AS nearest_grid_id,
    COALESCE(nearest.grid_no, bound.grid_no) AS nearest_grid_no, COALESCE(nearest.code, bound.code) AS nearest_code,
    COALESCE(nearest.grid_name, bound.grid_name) AS nearest_name,
    COALESCE(nearest.distance_m, floor(bound.distance_m * 1000 + 0.5) / 1000) AS outside_m,
    CASE WHEN own.has_ground THEN own.grid_id ELSE today.grid_id END AS today_grid_id,
    (SELECT jsonb_object_agg(id, version) FROM place) AS city_versions
FROM place
LEFT JOIN LATERAL (
    SELECT b.grid_id, b.grid_no, g.code, g.name AS grid_name, b.valid @> statement_timestamp() AS has_ground,
        CASE WHEN ST_Intersects(ST_Boundary(b.geom), place.point) THEN 0 ELSE floor(ST_Distance(
            ST_Transform(place.point, place.metric_srid),
            ST_Boundary(ST_Transform(ST_Segmentize(b.geom, 0.00390625), place.metric_srid))
        ) * 1000 + 0.5) / 1000 END AS edge_distance_m
    FROM (
        SELECT * FROM (SELECT * FROM boundaries WHERE geom ~ place.point OFFSET 0) here
        WHERE scheme_id = place.id AND valid @> CAST(:at AS timestamptz) AND ST_Covers(geom, place.point)
        ORDER BY grid_no LIMIT 1
    ) b
    JOIN grids g ON g.id = b.grid_id
    OFFSET 0 -- or the distance is worked out for a point without a cell too, where it may be impossible
) own ON true
LEFT JOIN LATERAL (
    SELECT b.grid_id, b.grid_no, g.code, g.name AS grid_name
    FROM (
        SELECT grid_id, grid_no, geom
        FROM (SELECT * FROM boundaries WHERE geom && ST_Expand(place.point, place.near_degrees) OFFSET 0) around
        -- Whether the point is near its own edge says nothing: where cells overlap, another may be near all the same.
        WHERE scheme_id = place.id AND valid @> CAST(:at AS timestamptz) AND grid_id <> own.grid_id
            AND ST_DWithin(geom, place.point, place.near_degrees)
        OFFSET 0 -- or those are measured first that are not near
    ) b
    JOIN grids g ON g.id = b.grid_id
    CROSS JOIN LATERAL (
        SELECT floor(ST_Distance(
            ST_Transform(place.point, place.metric_srid),
            ST_Transform(ST_Segmentize(b.geom, 0.00390625), place.metric_srid)
        ) * 1000 + 0.5) / 1000 AS distance_m
    ) d
    WHERE d.distance_m <= place.near_limit_m
    ORDER BY d.distance_m, b.grid_no LIMIT 1
) second ON true
LEFT JOIN LATERAL (
    -- The nearest in degrees: near the limit it bounds the search for the nearest in metres, else it is the answer.
    SELECT m.grid_id, m.grid_no, g.code, g.name AS grid_name, m.distance_m,
        -- A degree of longitude is shorter, so the nearest in metres may be nearer than this one by their ratio.
        CASE WHEN m.away < 2 AND m.distance_m * cos(radians(:lat)) <= place.far_limit_m
            THEN ST_Expand(
                place.point, (m.distance_m + 1) / 100000 / cos(radians(:lat)), (m.distance_m + 1) / 100000
            )
        END AS search
    FROM (
        SELECT *,
            CASE WHEN n.away < 2
                THEN ST_Distance(
                    ST_Transform(place.point, place.metric_srid),
                    ST_Transform(ST_Segmentize(n.geom, 0.00390625), place.metric_srid)
                )
                ELSE ST_Distance(n.geom::geography, place.point::geography, false)
            END AS distance_m
        FROM (
            SELECT * FROM (
                SELECT *, geom <-> place.point AS away FROM boundaries
                WHERE own.grid_id IS NULL AND place.extent = 'whole'
                ORDER BY geom <-> place.point OFFSET 0
            ) around
            WHERE scheme_id = place.id AND valid @> CAST(:at AS timestamptz)
            ORDER BY away LIMIT 1
        ) n
    ) m
    JOIN grids g ON g.id = m.grid_id
) bound ON true
LEFT JOIN LATERAL (
    SELECT b.grid_id, b.grid_no, g.code, g.name AS grid_name, d.distance_m
    FROM (SELECT * FROM boundaries WHERE geom && bound.search OFFSET 0) b
    JOIN grids g ON g.id = b.grid_id
    CROSS JOIN LATERAL (
        SELECT floor(ST_Distance(
            ST_Transform(place.point, place.metric_srid),
            ST_Transform(ST_Segmentize(b.geom, 0.00390625), place.metric_srid)
        ) * 1000 + 0.5) / 1000 AS distance_m
    ) d
    WHERE b.scheme_id = place.id AND b.valid @> CAST(:at AS timestamptz)
    ORDER BY d.distance_m, b.grid_no LIMIT 1
) nearest ON true
LEFT JOIN LATERAL (
    -- The owning grid itself while it has ground; once it is gone, the grid on the same ground.
    SELECT b.grid_id
    FROM (SELECT * FROM boundaries WHERE grid_id = own.grid_id OR geom ~ place.point OFFSET 0) b
    WHERE NOT own.has_ground AND b.scheme_id = place.id AND b.valid @> statement_timestamp()
        AND (b.grid_id = own.grid_id OR ST_Covers(b.geom, place.point))
    ORDER BY b.grid_id <> own.grid_id, b.grid_no LIMIT 1
) today ON true
ORDER BY place.name <> :scheme, place.priority DESC, place.id
