-- Staging for the clocks of one chunk of imported cases: of each, the end of the stage it is in, or of its handling.
CREATE TEMPORARY TABLE stage_clocks (
    row_no bigint NOT NULL,
    stage text NOT NULL,
    due_at timestamptz,
    met_at timestamptz
) ON COMMIT DROP
