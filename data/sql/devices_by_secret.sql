-- The devices that some secrets belong to, and what must be known of them when their fixes are taken. Parameter: hashes.
SELECT secret_hash, id, tree, label, datum, staff_id
FROM devices
WHERE secret_hash = ANY(CAST(:hashes AS text[])) AND active
