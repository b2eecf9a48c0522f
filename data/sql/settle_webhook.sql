-- Brings a webhook back that was claimed, with what came of it; nothing where it was taken back meanwhile, or claimed
-- anew because this took too long. Parameters: id, lease (as it was claimed), xact, event_id, failures, wait_s, answer.
UPDATE webhooks
SET cursor_xact = :xact, cursor_id = :event_id, failures = :failures,
    next_try_at = clock_timestamp() + CAST(:wait_s AS float8) * interval '1 second',
    last_answer = COALESCE(CAST(:answer AS jsonb), last_answer)
WHERE id = :id AND next_try_at = :lease
