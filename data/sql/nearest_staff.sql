-- The free people nearest to a place: those of a city who told where they are, are on duty and not away, can do what is
-- asked for, and are not handling another urgent case. On duty is who has a duty, or stands in for somebody who is away.
-- Parameters: id (of the case), tree, lon, lat, now, since (older positions tell nothing), skill (or null), closed (states),
-- handled (states in which an urgent case takes a person up), most.
WITH known AS (
    SELECT s.id, s.staff_no, s.name, p.at, p.accuracy_m, ST_Distance(
            CAST(p.geom AS geography), CAST(ST_SetSRID(ST_MakePoint(:lon, :lat), 4326) AS geography)
        ) AS metres
    FROM staff_positions p
    JOIN staff s ON s.id = p.staff_id
    WHERE s.tree = :tree AND p.at >= :since AND p.at <= :now
        AND (CAST(:skill AS text) IS NULL OR CAST(:skill AS text) = ANY(s.skills))
        AND NOT EXISTS (SELECT FROM absences a WHERE a.staff_id = s.id AND a.valid @> CAST(:now AS timestamptz))
        AND (
            EXISTS (SELECT FROM duties d WHERE d.staff_id = s.id AND d.valid @> CAST(:now AS timestamptz))
            OR EXISTS (
                SELECT FROM absences a
                JOIN duties d ON d.staff_id = a.staff_id AND d.valid @> CAST(:now AS timestamptz)
                WHERE a.substitute_id = s.id AND a.valid @> CAST(:now AS timestamptz)
            )
        )
), load AS (
    SELECT c.staff_id, count(*) AS cases,
        bool_or(c.urgency = 'urgent' AND c.state = ANY(CAST(:handled AS text[])) AND c.id <> :id) AS is_taken
    FROM cases c
    WHERE c.tree = :tree AND c.state <> ALL(CAST(:closed AS text[])) AND c.department_id IS NULL
        AND c.staff_id IN (SELECT id FROM known)
    GROUP BY c.staff_id
)
SELECT k.staff_no, k.name, k.at, round(k.metres)::int AS distance_m, k.accuracy_m, COALESCE(l.cases, 0) AS open_cases
FROM known k
LEFT JOIN load l ON l.staff_id = k.id
WHERE l.is_taken IS NOT TRUE
ORDER BY k.metres, k.staff_no
LIMIT :most
