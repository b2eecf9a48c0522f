"""The guard of every write of placements: the versions they were judged by are held, or nothing is written."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Each statement in the function sees what was committed while the one before it waited, a new scheme included;
    # the statement that calls it does not. The queue comes first, for it is first come, first served: with row locks
    # alone a publication waits for ever behind writers that share the row by turns.
    op.execute(
        """
        CREATE FUNCTION hold_versions(judged_by jsonb, whole_city boolean) RETURNS boolean LANGUAGE plpgsql AS $$
        DECLARE
            ids int[] := ARRAY(SELECT CAST(id AS int) FROM jsonb_object_keys(judged_by) AS id);
            cities text[] := ARRAY(SELECT DISTINCT tree FROM schemes WHERE id = ANY(ids) ORDER BY tree);
            newest jsonb;
        BEGIN
            PERFORM pg_advisory_xact_lock_shared(hashtext('publication'), hashtext(city)) FROM unnest(cities) AS city;
            SELECT jsonb_object_agg(id, version) INTO newest FROM (
                SELECT id, version FROM schemes
                WHERE id = ANY(ids) OR whole_city AND tree = ANY(cities)
                ORDER BY id FOR SHARE
            ) held;
            RETURN newest IS NOT DISTINCT FROM judged_by;
        END $$
        """
    )


def downgrade() -> None:
    op.execute("DROP FUNCTION hold_versions(jsonb, boolean)")
