"""Days of patrols that are over, summarised; which of them are to be done; how devices travel."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("devices", sa.Column("travel", sa.Text(), server_default="walk", nullable=False))
    op.create_check_constraint(op.f("ck_devices_travel"), "devices", "travel IN ('walk', 'ebike', 'car')")
    _add_due()
    _add_days()
    op.execute("GRANT SELECT, INSERT, UPDATE ON patrol_days_due TO gridkeeper_app")
    op.execute("GRANT SELECT, INSERT ON patrol_days, patrol_grid_days, patrol_visits TO gridkeeper_app")
    op.execute("GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO gridkeeper_app")
    _add_functions()
    _add_tidying()


def downgrade() -> None:
    op.execute("DROP FUNCTION tidy_fix_day(date, int)")
    op.execute("DROP FUNCTION keep_in_copy() CASCADE")
    op.execute("DROP FUNCTION forget_patrol_day(bigint, date)")
    for table in ("patrol_visits", "patrol_grid_days", "patrol_days", "patrol_days_due"):
        op.drop_table(table)
    op.drop_column("devices", "travel")


def _add_due() -> None:
    op.create_table(
        "patrol_days_due",
        sa.Column("device_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("marked_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("spreads", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name=op.f("fk_patrol_days_due_device_id")),
        sa.PrimaryKeyConstraint("device_id", "day", name=op.f("pk_patrol_days_due")),
    )
    op.create_index(
        op.f("ix_patrol_days_due_day"), "patrol_days_due", ["day"], postgresql_where=sa.text("done_at IS NULL")
    )


def _add_days() -> None:
    op.create_table(
        "patrol_days",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("scheme_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("device_id", sa.BigInteger(), nullable=False),
        sa.Column("staff_id", sa.BigInteger(), nullable=True),
        sa.Column("judged_by", sa.Integer(), nullable=False),
        sa.Column("gone_m", sa.Double(), nullable=False),
        sa.Column("known_s", sa.Double(), nullable=False),
        sa.Column("on_grid_s", sa.Double(), nullable=False),
        sa.Column("quality", postgresql.JSONB(), nullable=False),
        sa.Column("fates", postgresql.JSONB(), nullable=False),
        sa.ForeignKeyConstraint(["scheme_id"], ["schemes.id"], name=op.f("fk_patrol_days_scheme_id")),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name=op.f("fk_patrol_days_device_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_patrol_days_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patrol_days")),
        sa.UniqueConstraint(
            "device_id",
            "day",
            "staff_id",
            name=op.f("uq_patrol_days_device_id_day_staff_id"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index(op.f("ix_patrol_days_scheme_id_day"), "patrol_days", ["scheme_id", "day"])
    op.create_table(
        "patrol_grid_days",
        sa.Column("patrol_day_id", sa.BigInteger(), nullable=False),
        sa.Column("grid_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("area_m2", sa.Double(), nullable=False),
        sa.Column("street_m", sa.Double(), nullable=False),
        sa.Column("on_grid_s", sa.Double(), nullable=False),
        sa.Column("visits", sa.Integer(), nullable=False),
        sa.Column("dwell_s", sa.Double(), nullable=False),
        sa.Column("street_ids", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("building_ids", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.ForeignKeyConstraint(["patrol_day_id"], ["patrol_days.id"], name=op.f("fk_patrol_grid_days_patrol_day_id")),
        sa.PrimaryKeyConstraint("patrol_day_id", "grid_id", "version", name=op.f("pk_patrol_grid_days")),
    )
    op.create_table(
        "patrol_visits",
        sa.Column("patrol_day_id", sa.BigInteger(), nullable=False),
        sa.Column("grid_id", sa.BigInteger(), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("dwell_s", sa.Double(), nullable=False),
        sa.Column("interpolated", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["patrol_day_id"], ["patrol_days.id"], name=op.f("fk_patrol_visits_patrol_day_id")),
        sa.PrimaryKeyConstraint("patrol_day_id", "grid_id", "entered_at", name=op.f("pk_patrol_visits")),
    )
    op.create_index(op.f("ix_patrol_visits_grid_id_left_at"), "patrol_visits", ["grid_id", "left_at"])


def _add_functions() -> None:
    # A summary is worked out from fixes and may be worked out again: what it said before goes, all of it together.
    op.execute(
        """
        CREATE FUNCTION forget_patrol_day(of_device bigint, of_day date) RETURNS int
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
        DECLARE
            gone bigint[];
        BEGIN
            SELECT COALESCE(array_agg(id), '{}') INTO gone FROM patrol_days
            WHERE device_id = of_device AND day = of_day;
            DELETE FROM patrol_visits WHERE patrol_day_id = ANY(gone);
            DELETE FROM patrol_grid_days WHERE patrol_day_id = ANY(gone);
            DELETE FROM patrol_days WHERE id = ANY(gone);
            RETURN cardinality(gone);
        END $$
        """
    )
    op.execute("REVOKE EXECUTE ON FUNCTION forget_patrol_day(bigint, date) FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION forget_patrol_day(bigint, date) TO gridkeeper_app")


def _add_tidying() -> None:
    # What comes late for a day while its fixes are copied goes into the copy as well.
    op.execute(
        """
        CREATE FUNCTION keep_in_copy() RETURNS trigger
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
        BEGIN
            EXECUTE format('INSERT INTO %I VALUES (($1).*) ON CONFLICT DO NOTHING', TG_ARGV[0]) USING NEW;
            RETURN NULL;
        END $$
        """
    )
    op.execute("REVOKE EXECUTE ON FUNCTION keep_in_copy() FROM PUBLIC")
    # A step towards the oldest day before some day that does not lie in the order of its key yet: its fixes are copied
    # in that order, some at a time, and at the end the copy takes its place. So nobody waits for it, and no transaction
    # is long: the live feed tells nothing that is younger than one. How far the copy has come stands in its comment.
    op.execute(
        """
        CREATE FUNCTION tidy_fix_day(before date, rows int) RETURNS boolean
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = public SET timezone = 'UTC' SET lock_timeout = '2s' AS $$
        DECLARE
            called text;
            copy text;
            day date;
            come text[];
            device bigint;
            instant timestamptz;
        BEGIN
            IF NOT pg_try_advisory_xact_lock(hashtext('fix days')) THEN
                RETURN false;
            END IF;
            SELECT c.relname INTO called
            FROM pg_inherits i
            JOIN pg_class c ON c.oid = i.inhrelid
            JOIN pg_index x ON x.indrelid = c.oid AND x.indisprimary AND NOT x.indisclustered
            WHERE i.inhparent = CAST('fixes' AS regclass) AND c.relname < 'fixes_' || to_char(before, 'YYYY_MM_DD')
            ORDER BY c.relname LIMIT 1;
            IF called IS NULL THEN
                RETURN false;
            END IF;
            copy := called || '_tidy';
            day := to_date(called, '"fixes_"YYYY_MM_DD');
            IF to_regclass(copy) IS NULL THEN
                EXECUTE format(
                    'CREATE TABLE %I (LIKE fixes INCLUDING DEFAULTS INCLUDING INDEXES, '
                    'CONSTRAINT of_the_day CHECK (at >= %L AND at < %L))', copy, day, day + 1
                );
                EXECUTE format(
                    'CREATE TRIGGER keep_in_copy AFTER INSERT ON %I FOR EACH ROW EXECUTE FUNCTION keep_in_copy(%L)',
                    called, copy
                );
                EXECUTE format('COMMENT ON TABLE %I IS %L', copy, '-1 -infinity');
                RETURN true;
            END IF;
            come := string_to_array(obj_description(to_regclass(copy), 'pg_class'), ' ');
            EXECUTE format(
                'WITH piece AS MATERIALIZED ('
                '    SELECT * FROM %I WHERE (device_id, at) > ($1, $2) ORDER BY device_id, at LIMIT $3'
                '), put AS (INSERT INTO %I SELECT * FROM piece ORDER BY device_id, at ON CONFLICT DO NOTHING)'
                'SELECT device_id, at FROM piece ORDER BY device_id DESC, at DESC LIMIT 1', called, copy
            ) INTO device, instant USING CAST(come[1] AS bigint), CAST(come[2] AS timestamptz), rows;
            IF device IS NOT NULL THEN
                EXECUTE format(
                    'COMMENT ON TABLE %I IS %L',
                    copy, device || ' ' || to_char(instant, 'YYYY-MM-DD"T"HH24:MI:SS.USOF')
                );
                RETURN true;
            END IF;
            EXECUTE format('DROP TABLE %I', called);
            EXECUTE format('ALTER TABLE %I RENAME TO %I', copy, called);
            EXECUTE format('ALTER INDEX %I RENAME TO %I', copy || '_pkey', called || '_pkey');
            EXECUTE format('ALTER TABLE %I CLUSTER ON %I', called, called || '_pkey');
            EXECUTE format('ALTER TABLE fixes ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', called, day, day + 1);
            EXECUTE format('ALTER TABLE %I DROP CONSTRAINT of_the_day', called);
            EXECUTE format('COMMENT ON TABLE %I IS NULL', called);
            EXECUTE format('ANALYZE %I', called);
            RETURN true;
        END $$
        """
    )
    op.execute("REVOKE EXECUTE ON FUNCTION tidy_fix_day(date, int) FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION tidy_fix_day(date, int) TO gridkeeper_app")
