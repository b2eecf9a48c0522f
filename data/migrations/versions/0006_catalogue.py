"""The catalogue: calendars, departments, matters, rules and limits by version, and settled disputes."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_RECORD = ("calendar_days", "service_rules", "time_limits", "intake_paths", "precedents")


def upgrade() -> None:
    _add_calendars()
    _add_departments()
    _add_matters()
    _add_catalogues()
    _add_rules()
    _add_limits()
    _add_paths()
    _add_precedents()
    op.add_column("areas", sa.Column("place_class", sa.Text(), nullable=True))
    op.execute(
        f"GRANT SELECT, INSERT ON calendars, departments, matters, catalogues, {', '.join(_RECORD)} TO gridkeeper_app"
    )
    op.execute("GRANT UPDATE ON departments, matters TO gridkeeper_app")
    op.execute("GRANT UPDATE (valid) ON catalogues TO gridkeeper_app")
    op.execute("GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO gridkeeper_app")
    for table in _RECORD:
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def downgrade() -> None:
    op.drop_column("areas", "place_class")
    for table in (*reversed(_RECORD), "catalogues", "matters", "departments", "calendars"):
        op.drop_table(table)


def _add_calendars() -> None:
    op.create_table(
        "calendars",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        *_texts("tree", "name", "time_zone"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendars")),
        sa.UniqueConstraint("tree", "name", name=op.f("uq_calendars_tree_name")),
    )
    op.create_table(
        "calendar_days",
        sa.Column("calendar_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("spans", postgresql.ARRAY(sa.SmallInteger()), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["calendar_id"], ["calendars.id"], name=op.f("fk_calendar_days_calendar_id")),
        sa.PrimaryKeyConstraint("calendar_id", "day", name=op.f("pk_calendar_days")),
    )


def _add_departments() -> None:
    op.create_table(
        "departments",
        _number(),
        *_texts("tree", "code", "name_zh", "name_en"),
        sa.Column("area_id", sa.BigInteger(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["area_id"], ["areas.id"], name=op.f("fk_departments_area_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_departments")),
        sa.UniqueConstraint("tree", "code", name=op.f("uq_departments_tree_code")),
    )


def _add_matters() -> None:
    op.create_table(
        "matters",
        _number(),
        *_texts("tree", "standard", "code", "name_zh", "name_en", "class_zh", "class_en"),
        sa.Column("same_as", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["same_as"], ["matters.id"], name=op.f("fk_matters_same_as")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_matters")),
        sa.UniqueConstraint("tree", "standard", "code", name=op.f("uq_matters_tree_standard_code")),
    )


def _add_catalogues() -> None:
    op.create_table(
        "catalogues",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("tree", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("valid", postgresql.TSTZRANGE(), nullable=False),
        sa.Column("calendar_id", sa.Integer(), nullable=False),
        sa.Column("most_returns", sa.SmallInteger(), nullable=False),
        *_texts("reason", "actor"),
        sa.Column(
            "recorded_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        postgresql.ExcludeConstraint(
            (sa.column("tree"), "="), (sa.column("valid"), "&&"), using="gist", name=op.f("ex_catalogues_one_at_a_time")
        ),
        sa.ForeignKeyConstraint(["calendar_id"], ["calendars.id"], name=op.f("fk_catalogues_calendar_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_catalogues")),
        sa.UniqueConstraint("tree", "version", name=op.f("uq_catalogues_tree_version")),
    )


def _add_rules() -> None:
    op.create_table(
        "service_rules",
        *_for_which_cases(),
        sa.Column("department_id", sa.BigInteger(), nullable=True),
        sa.Column("assisting", postgresql.ARRAY(sa.BigInteger()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("skill", sa.Text(), nullable=True),
        sa.Column("same_within_m", sa.Float(), nullable=False),
        sa.Column("same_within_h", sa.Float(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["department_id"], ["departments.id"], name=op.f("fk_service_rules_department_id")),
        *_once_for_each("service_rules"),
    )


def _add_limits() -> None:
    op.create_table(
        "time_limits",
        *_for_which_cases(),
        *_texts("stage", "milestone"),
        sa.Column("amount", sa.Float(), nullable=False),
        *_texts("unit", "source"),
        sa.CheckConstraint(
            "stage IN ('report', 'dispatch', 'handle', 'verify', 'assess', 'archive')",
            name=op.f("ck_time_limits_stage"),
        ),
        sa.CheckConstraint("unit IN ('hours', 'working_hours', 'working_days')", name=op.f("ck_time_limits_unit")),
        sa.CheckConstraint("amount > 0", name=op.f("ck_time_limits_amount_positive")),
        *_once_for_each("time_limits", "stage", "milestone"),
    )


def _add_paths() -> None:
    op.create_table(
        "intake_paths",
        sa.Column("catalogue_id", sa.Integer(), nullable=False),
        *_texts("source", "path"),
        sa.CheckConstraint("path IN ('direct', 'on_site')", name=op.f("ck_intake_paths_path")),
        sa.ForeignKeyConstraint(["catalogue_id"], ["catalogues.id"], name=op.f("fk_intake_paths_catalogue_id")),
        sa.PrimaryKeyConstraint("catalogue_id", "source", name=op.f("pk_intake_paths")),
    )


def _add_precedents() -> None:
    op.create_table(
        "precedents",
        _number(),
        sa.Column("tree", sa.Text(), nullable=False),
        sa.Column("matter_id", sa.BigInteger(), nullable=True),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("department_id", sa.BigInteger(), nullable=True),
        sa.Column("staff_id", sa.BigInteger(), nullable=True),
        *_texts("reason", "actor"),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["department_id"], ["departments.id"], name=op.f("fk_precedents_department_id")),
        sa.ForeignKeyConstraint(["matter_id"], ["matters.id"], name=op.f("fk_precedents_matter_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_precedents_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_precedents")),
    )
    op.create_index(op.f("ix_precedents_tree_matter_id"), "precedents", ["tree", "matter_id"], unique=False)


def _number() -> sa.Column[Any]:
    return sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False)


def _texts(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def _for_which_cases() -> list[sa.Column[Any]]:
    """The first columns of a row that holds for some cases; null stands for any."""
    return [
        _number(),
        sa.Column("catalogue_id", sa.Integer(), nullable=False),
        sa.Column("matter_id", sa.BigInteger(), nullable=True),
        sa.Column("urgency", sa.Text(), nullable=True),
        sa.Column("place_class", sa.Text(), nullable=True),
    ]


def _once_for_each(table: str, *further: str) -> list[sa.Constraint]:
    """What holds of these columns, and that there is one row for the same cases and whatever else sets rows apart."""
    return [
        sa.CheckConstraint("place_class IN ('city', 'fringe', 'rural')", name=op.f(f"ck_{table}_place_class")),
        sa.CheckConstraint("urgency IN ('normal', 'urgent')", name=op.f(f"ck_{table}_urgency")),
        sa.ForeignKeyConstraint(["catalogue_id"], ["catalogues.id"], name=op.f(f"fk_{table}_catalogue_id")),
        sa.ForeignKeyConstraint(["matter_id"], ["matters.id"], name=op.f(f"fk_{table}_matter_id")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint(
            *("catalogue_id", "matter_id", "urgency", "place_class", *further),
            name=op.f(f"uq_{table}_once"),
            postgresql_nulls_not_distinct=True,
        ),
    ]
