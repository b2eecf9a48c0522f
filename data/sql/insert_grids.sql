-- Staged cells become grids (where new) and boundaries of a version. Parameters: scheme_id, version, since (or null).
WITH added AS (
    INSERT INTO grids (scheme_id, grid_no, code, name, area_id)
    SELECT :scheme_id, grid_no, code, name, area_id FROM stage_cells WHERE is_new ORDER BY grid_no
    RETURNING id, grid_no
), known AS (
    SELECT id, grid_no FROM added
    UNION ALL
    SELECT g.id, g.grid_no FROM grids g JOIN stage_cells c ON c.grid_no = g.grid_no AND NOT c.is_new
    WHERE g.scheme_id = :scheme_id
)
INSERT INTO boundaries (scheme_id, grid_id, grid_no, version, valid, area_m2, geom)
SELECT :scheme_id, k.id, c.grid_no, :version, tstzrange(:since, NULL), c.area_m2, c.geom
FROM stage_cells c
JOIN known k USING (grid_no)
ORDER BY c.grid_no
