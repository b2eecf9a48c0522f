"""Patrols: devices, shifts, fixes in a partition for each day."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _add_people_s_tables()
    _add_fixes()
    op.execute("GRANT SELECT, INSERT, UPDATE ON devices, shifts TO gridkeeper_app")
    op.execute("GRANT SELECT, INSERT ON fixes, fixes_aside, fixes_off_shift TO gridkeeper_app")
    op.execute("GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO gridkeeper_app")
    _add_functions()


def downgrade() -> None:
    op.execute("DROP FUNCTION forget_fixes(date)")
    op.execute("DROP FUNCTION make_fix_days(date[])")
    for table in ("fixes_off_shift", "fixes_aside", "fixes", "shifts", "devices"):
        op.drop_table(table)


def _add_people_s_tables() -> None:
    op.create_table(
        "devices",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("tree", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("datum", sa.Text(), nullable=False),
        sa.Column("staff_id", sa.BigInteger(), nullable=True),
        sa.Column("secret_hash", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("enrolled_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_devices_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_devices")),
        sa.UniqueConstraint("tree", "label", name=op.f("uq_devices_tree_label")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_devices_secret_hash")),
    )
    op.create_table(
        "shifts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("device_id", sa.BigInteger(), nullable=False),
        sa.Column("staff_id", sa.BigInteger(), nullable=False),
        sa.Column("team", sa.Text(), nullable=True),
        sa.Column("valid", postgresql.TSTZRANGE(), nullable=False),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name=op.f("fk_shifts_device_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_shifts_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shifts")),
        sa.UniqueConstraint("device_id", "valid", name=op.f("uq_shifts_device_id_valid")),
        postgresql.ExcludeConstraint(
            (sa.column("device_id"), "="), (sa.column("valid"), "&&"), using="gist", name="ex_shifts_one_at_a_time"
        ),
    )
    op.create_index(op.f("ix_shifts_staff_id"), "shifts", ["staff_id"], unique=False)


def _add_fixes() -> None:
    op.create_table(
        "fixes",
        sa.Column("device_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lon", sa.Double(), nullable=False),
        sa.Column("lat", sa.Double(), nullable=False),
        *_as_sent(),
        sa.Column("staff_id", sa.BigInteger(), nullable=True),
        sa.Column("shift_id", sa.BigInteger(), nullable=True),
        sa.Column("grid_id", sa.BigInteger(), nullable=True),
        sa.Column("scheme_id", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("device_id", "at", name=op.f("pk_fixes")),
        postgresql_partition_by="RANGE (at)",
    )
    op.create_table(
        "fixes_aside",
        sa.Column("device_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        *_as_sent(),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("device_id", "at", name=op.f("pk_fixes_aside")),
    )
    op.create_index(op.f("ix_fixes_aside_received_at"), "fixes_aside", ["received_at"], unique=False)
    op.create_table(
        "fixes_off_shift",
        sa.Column("device_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("device_id", "at", name=op.f("pk_fixes_off_shift")),
    )
    op.create_index(op.f("ix_fixes_off_shift_at"), "fixes_off_shift", ["at"], unique=False)


def _as_sent() -> list[sa.Column[Any]]:
    return [
        sa.Column("raw_x", sa.Double(), nullable=False),
        sa.Column("raw_y", sa.Double(), nullable=False),
        sa.Column("raw_datum", sa.Text(), nullable=False),
        sa.Column("accuracy_m", sa.REAL(), nullable=True),
        sa.Column("speed_ms", sa.REAL(), nullable=True),
        sa.Column("course", sa.REAL(), nullable=True),
    ]


def _add_functions() -> None:
    # The service owns no table, so it cannot make one. Attached, not made as a partition: that would wait for everybody
    # who writes fixes, and they for it.
    op.execute(
        """
        CREATE FUNCTION make_fix_days(days date[]) RETURNS int
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = public SET timezone = 'UTC' AS $$
        DECLARE
            wanted date;
            called text;
            made int := 0;
        BEGIN
            PERFORM pg_advisory_xact_lock(hashtext('fix days'));
            FOREACH wanted IN ARRAY days LOOP
                called := 'fixes_' || to_char(wanted, 'YYYY_MM_DD');
                CONTINUE WHEN to_regclass(called) IS NOT NULL;
                EXECUTE format('CREATE TABLE %I (LIKE fixes INCLUDING DEFAULTS INCLUDING INDEXES)', called);
                EXECUTE format(
                    'ALTER TABLE fixes ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', called, wanted, wanted + 1
                );
                made := made + 1;
            END LOOP;
            RETURN made;
        END $$
        """
    )
    op.execute("REVOKE EXECUTE ON FUNCTION make_fix_days(date[]) FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION make_fix_days(date[]) TO gridkeeper_app")
    # The one way in which the service may delete fixes: whole days, oldest first, all that is known of them. A day is
    # dropped behind whoever reads it; who waits too long tries again later.
    op.execute(
        """
        CREATE FUNCTION forget_fixes(before date) RETURNS int
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = public SET timezone = 'UTC' SET lock_timeout = '2s' AS $$
        DECLARE
            called text;
            dropped int := 0;
        BEGIN
            PERFORM pg_advisory_xact_lock(hashtext('fix days'));
            FOR called IN
                SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
                WHERE i.inhparent = CAST('fixes' AS regclass)
                    AND c.relname < 'fixes_' || to_char(before, 'YYYY_MM_DD')
                ORDER BY c.relname
            LOOP
                EXECUTE format('DROP TABLE %I', called);
                EXECUTE format('DROP TABLE IF EXISTS %I', called || '_tidy');
                dropped := dropped + 1;
            END LOOP;
            DELETE FROM fixes_aside WHERE received_at < before;
            DELETE FROM fixes_off_shift WHERE at < before;
            RETURN dropped;
        END $$
        """
    )
    op.execute("REVOKE EXECUTE ON FUNCTION forget_fixes(date) FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION forget_fixes(date) TO gridkeeper_app")
