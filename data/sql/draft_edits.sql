-- All edits of a draft, oldest first, undone ones too. Parameters: draft_id.
WITH RECURSIVE path AS (
    SELECT e.id, e.parent_id FROM drafts d JOIN draft_edits e ON e.id = d.tip WHERE d.id = :draft_id
    UNION ALL
    SELECT e.id, e.parent_id FROM draft_edits e JOIN path ON e.id = path.parent_id
)
SELECT e.id, e.parent_id, e.kind, e.params, e.actor, e.at, e.id IN (SELECT id FROM path) AS on_path,
    ARRAY(SELECT c.grid_no FROM draft_cells c WHERE c.edit_id = e.id ORDER BY c.grid_no) AS grids
FROM draft_edits e WHERE e.draft_id = :draft_id
ORDER BY e.id
