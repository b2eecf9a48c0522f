-- Events and placements without a case, and placements without a scheme: what foreign keys would forbid.
SELECT p.case_id::text AS number, 'case' AS field, COALESCE(s.name, p.scheme_id::text) AS scheme,
    CASE WHEN c.id IS NULL THEN 'placement without a case' ELSE 'placement without a scheme' END AS stored,
    NULL AS expected
FROM placements p
LEFT JOIN cases c ON c.id = p.case_id
LEFT JOIN schemes s ON s.id = p.scheme_id
WHERE c.id IS NULL OR s.id IS NULL
UNION ALL
SELECT DISTINCT e.case_id::text, 'case', '', 'event without a case', NULL
FROM case_events e
LEFT JOIN cases c ON c.id = e.case_id
WHERE c.id IS NULL
ORDER BY 1
