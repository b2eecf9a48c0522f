-- Drafts as they are told, oldest first. Parameters: draft_id or null, scheme (name) or null.
WITH RECURSIVE chosen AS (
    SELECT d.*, s.name AS scheme, s.version AS newest_version FROM drafts d JOIN schemes s ON s.id = d.scheme_id
    WHERE (CAST(:draft_id AS bigint) IS NULL OR d.id = :draft_id) AND (CAST(:scheme AS text) IS NULL OR s.name = :scheme)
), path AS (
    SELECT d.id AS draft_id, e.id, e.parent_id FROM chosen d JOIN draft_edits e ON e.id = d.tip
    UNION ALL
    SELECT path.draft_id, e.id, e.parent_id FROM path JOIN draft_edits e ON e.id = path.parent_id
), touched AS (
    SELECT path.draft_id, count(DISTINCT c.grid_no) AS grids
    FROM path JOIN draft_cells c ON c.edit_id = path.id GROUP BY path.draft_id
)
SELECT d.id, d.scheme, d.name, d.state, d.owner, d.revision, d.base_version, d.newest_version,
    d.base_version <> d.newest_version AND d.state NOT IN ('published', 'withdrawn') AS is_stale,
    d.tip IS NOT NULL AS can_undo,
    EXISTS (
        SELECT FROM draft_edits e WHERE e.draft_id = d.id AND e.parent_id IS NOT DISTINCT FROM d.tip
    ) AS can_redo,
    d.settings, d.created_at, d.updated_at, d.publish_at, d.published_version, COALESCE(t.grids, 0) AS grids_changed
FROM chosen d LEFT JOIN touched t ON t.draft_id = d.id
ORDER BY d.id
