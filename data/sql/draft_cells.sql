-- The cells of a draft where undo and redo stand: of each grid the one of the edit nearest to the tip. An edit has a
-- higher id than the one before it. Parameters: tip.
WITH RECURSIVE path AS (
    SELECT id, parent_id FROM draft_edits WHERE id = :tip
    UNION ALL
    SELECT e.id, e.parent_id FROM draft_edits e JOIN path ON e.id = path.parent_id
)
SELECT DISTINCT ON (c.grid_no) c.grid_no, ST_AsBinary(c.geom) AS geom, c.name
FROM path JOIN draft_cells c ON c.edit_id = path.id
ORDER BY c.grid_no, c.edit_id DESC
