-- What opening a draft needs beside its cells. Parameters: draft_id, scheme_id, tip or null.
-- tip_at: when the edit at the tip was stored. ever, here: the highest number of a grid in the scheme and in any edit of
-- the draft, undone ones too, for no number is ever given twice.
SELECT
    (SELECT at FROM draft_edits WHERE id = :tip) AS tip_at,
    (SELECT max(grid_no) FROM grids WHERE scheme_id = :scheme_id) AS ever,
    (
        SELECT max((SELECT max(c.grid_no) FROM draft_cells c WHERE c.edit_id = e.id))
        FROM draft_edits e WHERE e.draft_id = :draft_id
    ) AS here
