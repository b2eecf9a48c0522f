-- The drafts of a scheme that wait for their instant, soonest first: which of the grids that are there each changes, and
-- whether its turn comes before a version that begins at `since`. Parameters: scheme_id, since (may be null), draft_id
-- (which is published, so it is left out; may be null).
WITH RECURSIVE path AS (
    SELECT d.id AS draft_id, d.base_version, d.tip AS edit_id FROM drafts d
    WHERE d.scheme_id = :scheme_id AND d.state = 'scheduled' AND d.id IS DISTINCT FROM :draft_id
    UNION ALL
    SELECT path.draft_id, path.base_version, e.parent_id FROM path JOIN draft_edits e ON e.id = path.edit_id
), touched AS (
    -- The number of a grid that the draft makes may go to another one before it is published.
    SELECT DISTINCT path.draft_id, c.grid_no
    FROM path
    JOIN draft_cells c ON c.edit_id = path.edit_id
    JOIN grids g ON g.scheme_id = :scheme_id AND g.grid_no = c.grid_no
    WHERE EXISTS (SELECT FROM boundaries b WHERE b.grid_id = g.id AND b.version <= path.base_version)
)
SELECT d.id, d.name, d.publish_at, ARRAY(SELECT grid_no FROM touched WHERE draft_id = d.id) AS grids,
    COALESCE(d.publish_at <= CAST(:since AS timestamptz), false) AND NOT EXISTS (
        -- Of two for one instant the one with the lower number has its turn first.
        SELECT FROM drafts own
        WHERE own.id = :draft_id AND own.state = 'scheduled' AND (own.publish_at, own.id) < (d.publish_at, d.id)
    ) AS comes_first
FROM drafts d
WHERE d.scheme_id = :scheme_id AND d.state = 'scheduled' AND d.id IS DISTINCT FROM :draft_id
ORDER BY d.publish_at, d.id
