"""The loop: states, clocks and counts of cases, escalations, letters, photos, positions; the outbox."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_STATES = (
    "reported",
    "on_site",
    "queued",
    "returned",
    "dispatched",
    "handling",
    "extension_asked",
    "suspended",
    "deferred",
    "waiting",
    "fed_back",
    "verified",
    "assessed",
    "archived",
    "rejected",
    "merged",
)
_BEFORE = ("queued", "reported", "dispatched", "handling", "verified", "assessed", "archived")


def upgrade() -> None:
    _add_clocks()
    _add_escalations()
    _add_letters()
    _add_photos()
    _add_positions()
    _add_webhooks()
    _change_events()
    op.add_column(
        "staff", sa.Column("skills", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False)
    )
    _change_cases()
    _index_cases()
    _index_places()
    op.execute("GRANT SELECT, INSERT, UPDATE ON case_clocks, letters, staff_positions, webhooks TO gridkeeper_app")
    op.execute("GRANT SELECT, INSERT ON escalations, photos TO gridkeeper_app")
    op.execute("GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO gridkeeper_app")
    _add_functions()


def downgrade() -> None:
    for table in ("buildings", "streets"):
        op.drop_index(f"ix_{table}_grams", table)
    op.execute("DROP FUNCTION place_grams(text, text)")
    op.execute("DROP FUNCTION hold_catalogue(text, timestamptz)")
    op.execute("DROP FUNCTION retract_uncovered(bigint)")
    op.execute(
        f"""
        ALTER TABLE cases
            DROP CONSTRAINT ck_cases_state,
            ADD CONSTRAINT ck_cases_state CHECK (state IN ({_quoted(_BEFORE)}))
        """
    )
    for column in _of_cases():
        op.drop_column("cases", column.name)
    op.drop_column("staff", "skills")
    op.drop_index("ix_case_events_notices", "case_events")
    op.drop_index("ix_cases_received_at", "cases")
    op.drop_index("ix_cases_open_geom", "cases")
    op.drop_column("case_events", "xact")
    op.drop_column("case_events", "geom")
    for table in ("webhooks", "staff_positions", "photos", "letters", "escalations", "case_clocks"):
        op.drop_table(table)


def _add_functions() -> None:
    # The service may not delete places. This takes back those that the case's own point contradicts, and no others.
    op.execute(
        """
        CREATE FUNCTION retract_uncovered(of_case bigint) RETURNS void
        LANGUAGE sql SECURITY DEFINER SET search_path = public AS $$
            DELETE FROM placements p
            USING cases c, schemes s
            WHERE p.case_id = of_case AND c.id = of_case AND s.id = p.scheme_id AND s.extent = 'partial'
                AND NOT EXISTS (
                    SELECT FROM boundaries b
                    WHERE b.scheme_id = s.id AND b.valid @> c.occurred_at AND ST_Covers(b.geom, c.geom)
                )
        $$
        """
    )
    op.execute("REVOKE EXECUTE ON FUNCTION retract_uncovered(bigint) FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION retract_uncovered(bigint) TO gridkeeper_app")
    # Who publishes a catalogue has this lock alone, and begins its time after that: whoever holds it sees the one that
    # holds at an instant before now, and no other can come to hold there. The second statement of a function sees what
    # was committed while the first one waited.
    op.execute(
        """
        CREATE FUNCTION hold_catalogue(of_tree text, instant timestamptz)
        RETURNS TABLE (id int, version int, recorded_at timestamptz, first_day date, last_day date)
        LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM pg_advisory_xact_lock_shared(hashtext('catalogue'), hashtext(of_tree));
            RETURN QUERY
            SELECT c.id, c.version, c.recorded_at,
                (SELECT min(day) FROM calendar_days d WHERE d.calendar_id = c.calendar_id),
                (SELECT max(day) FROM calendar_days d WHERE d.calendar_id = c.calendar_id)
            FROM catalogues c
            WHERE c.tree = of_tree AND c.valid @> instant;
        END $$
        """
    )


def _index_places() -> None:
    # Two Chinese characters are a word, and too short for trigrams: all pairs of neighbouring characters.
    op.execute(
        """
        CREATE FUNCTION place_grams(name text, address text) RETURNS text[]
        LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
            SELECT array_agg(DISTINCT substr(words, place, 2))
            FROM lower(normalize(COALESCE(name, '') || ' ' || COALESCE(address, ''), NFKC)) AS words,
                generate_series(1, length(words) - 1) AS place
        $$
        """
    )
    for table, address in (("buildings", "address"), ("streets", "NULL")):
        op.create_index(
            f"ix_{table}_grams", table, [sa.text(f"place_grams(name, {address})")], unique=False, postgresql_using="gin"
        )


def _quoted(words: tuple[str, ...]) -> str:
    return ", ".join(f"'{word}'" for word in words)


def _change_events() -> None:
    op.add_column("case_events", sa.Column("geom", Geometry("POINT", srid=4326, spatial_index=False), nullable=True))
    op.add_column("case_events", sa.Column("xact", sa.BigInteger(), nullable=True))
    op.create_index(
        op.f("ix_case_events_xact_id"),
        "case_events",
        ["xact", "id"],
        unique=False,
        postgresql_where=sa.text("xact IS NOT NULL"),
    )
    op.create_index(
        "ix_case_events_notices", "case_events", ["at"], unique=False, postgresql_where=sa.text("kind = 'notify'")
    )
    # Set afterwards: what is there already was written by transactions that nobody waits for.
    op.alter_column("case_events", "xact", server_default=sa.text("CAST(CAST(pg_current_xact_id() AS text) AS bigint)"))


def _of_cases() -> list[sa.Column[Any]]:
    """The columns that cases get."""
    return [
        sa.Column("matter_id", sa.BigInteger(), nullable=True),
        sa.Column("urgency", sa.Text(), server_default="normal", nullable=False),
        sa.Column("place_class", sa.Text(), server_default="city", nullable=False),
        sa.Column("department_id", sa.BigInteger(), nullable=True),
        sa.Column("assisting", postgresql.ARRAY(sa.BigInteger()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("revision", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("clock", sa.Text(), server_default="no_limit", nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_milestone", sa.Text(), nullable=True),
        sa.Column("paused_state", sa.Text(), nullable=True),
        sa.Column("reworks", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("returns", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("level", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("supervised", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("merged_into", sa.BigInteger(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
    ]


def _change_cases() -> None:
    for column in _of_cases():
        op.add_column("cases", column)
    # All at once, so that the cases are read once.
    op.execute(
        f"""
        ALTER TABLE cases
            DROP CONSTRAINT ck_cases_state,
            ADD CONSTRAINT ck_cases_state CHECK (state IN ({_quoted(_STATES)})),
            ADD CONSTRAINT ck_cases_urgency CHECK (urgency IN ('normal', 'urgent')),
            ADD CONSTRAINT ck_cases_place_class CHECK (place_class IN ('city', 'fringe', 'rural')),
            ADD CONSTRAINT ck_cases_clock CHECK (
                clock IN ('no_limit', 'running', 'paused', 'beyond_calendar', 'unmeasured', 'stopped')
            ),
            ADD CONSTRAINT ck_cases_running_has_deadline CHECK ((clock = 'running') = (due_at IS NOT NULL)),
            ADD CONSTRAINT ck_cases_merged_into_one CHECK ((state = 'merged') = (merged_into IS NOT NULL))
        """
    )


def _index_cases() -> None:
    op.create_index(
        op.f("ix_cases_received_at"),
        "cases",
        ["received_at"],
        unique=False,
        postgresql_using="brin",
        postgresql_with={"autosummarize": "on"},
    )
    op.create_index(
        op.f("ix_cases_merged_into"),
        "cases",
        ["merged_into"],
        unique=False,
        postgresql_where=sa.text("merged_into IS NOT NULL"),
    )
    op.create_index(
        op.f("ix_cases_tree_due_at_id"),
        "cases",
        ["tree", "due_at", "id"],
        unique=False,
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    is_open = sa.text("NOT (state IN ('archived', 'rejected', 'merged'))")
    op.create_index(
        "ix_cases_queue",
        "cases",
        ["tree", sa.text("(clock <> 'beyond_calendar')"), sa.text("COALESCE(due_at, 'infinity')"), "id"],
        unique=False,
        postgresql_where=is_open,
    )
    op.create_index(
        "ix_cases_open_geom", "cases", ["geom"], unique=False, postgresql_using="gist", postgresql_where=is_open
    )


def _add_clocks() -> None:
    op.create_table(
        "case_clocks",
        sa.Column("case_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("round", sa.SmallInteger(), nullable=False),
        sa.Column("milestone", sa.Text(), nullable=False),
        sa.Column("tree", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("met_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("void", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint(
            "stage IN ('report', 'dispatch', 'handle', 'verify', 'assess', 'archive')",
            name=op.f("ck_case_clocks_stage"),
        ),
        sa.PrimaryKeyConstraint("case_id", "stage", "round", "milestone", name=op.f("pk_case_clocks")),
    )
    op.create_index(
        op.f("ix_case_clocks_tree_stage_started_at"), "case_clocks", ["tree", "stage", "started_at"], unique=False
    )


def _add_escalations() -> None:
    op.create_table(
        "escalations",
        sa.Column("case_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("round", sa.SmallInteger(), nullable=False),
        sa.Column("level", sa.SmallInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("staff_id", sa.BigInteger(), nullable=True),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_escalations_staff_id")),
        sa.PrimaryKeyConstraint("case_id", "stage", "round", "level", name=op.f("pk_escalations")),
    )


def _add_letters() -> None:
    op.create_table(
        "letters",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("tree", sa.Text(), nullable=False),
        sa.Column("department_id", sa.BigInteger(), nullable=False),
        sa.Column("case_ids", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("state", sa.Text(), server_default="draft", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.CheckConstraint("state IN ('draft', 'sent', 'dropped')", name=op.f("ck_letters_state")),
        sa.ForeignKeyConstraint(["department_id"], ["departments.id"], name=op.f("fk_letters_department_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letters")),
    )
    op.create_index(op.f("ix_letters_department_id"), "letters", ["department_id"], unique=False)


def _add_photos() -> None:
    op.create_table(
        "photos",
        sa.Column("case_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("bytes", sa.Integer(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("case_id", "sha256", name=op.f("pk_photos")),
    )
    op.create_index(op.f("ix_photos_sha256"), "photos", ["sha256"], unique=False)


def _add_positions() -> None:
    op.create_table(
        "staff_positions",
        sa.Column("staff_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accuracy_m", sa.Double(), nullable=True),
        sa.Column("geom", Geometry("POINT", srid=4326, spatial_index=False), nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_staff_positions_staff_id")),
        sa.PrimaryKeyConstraint("staff_id", name=op.f("pk_staff_positions")),
    )


def _add_webhooks() -> None:
    op.create_table(
        "webhooks",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("tree", sa.Text(), nullable=True),
        sa.Column("kinds", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("state", sa.Text(), server_default="active", nullable=False),
        sa.Column("cursor_xact", sa.BigInteger(), nullable=False),
        sa.Column("cursor_id", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("last_answer", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("state IN ('active', 'paused')", name=op.f("ck_webhooks_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhooks")),
    )
