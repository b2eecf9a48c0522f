-- Staging for cases whose task a publication moves or keeps; gone with the transaction.
CREATE TEMPORARY TABLE stage_moves (
    case_id bigint NOT NULL,
    kind text NOT NULL,
    state text NOT NULL,
    queue_reason text,
    staff_id bigint,
    task_grid_id bigint,
    reasons jsonb NOT NULL,
    detail jsonb NOT NULL
) ON COMMIT DROP
