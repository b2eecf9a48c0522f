"""The catalogue: calendars, departments, matters, rules and limits by version, and settled disputes."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_RECORD = ("calendar_days", "service_rules", "time_limits", "intake_paths", "precedents")


def upgrade() -> None:
    op.create_table(
        "calendars",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("tree", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
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
    op.create_table(
        "departments",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("tree", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("area_id", sa.BigInteger(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["area_id"], ["areas.id"], name=op.f("fk_departments_area_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_departments")),
        sa.UniqueConstraint("tree", "code", name=op.f("uq_departments_tree_code")),
    )
    op.create_table(
        "matters",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("tree", sa.Text(), nullable=False),
        sa.Column("standard", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("class_zh", sa.Text(), nullable=False),
        sa.Column("class_en", sa.Text(), nullable=False),
        sa.Column("same_as", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["same_as"], ["matters.id"], name=op.f("fk_matters_same_as")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_matters")),
        sa.UniqueConstraint("tree", "standard", "code", name=op.f("uq_matters_tree_standard_code")),
    )
    op.create_table(
        "catalogues",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("tree", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("valid", postgresql.TSTZRANGE(), nullable=False),
        sa.Column("calendar_id", sa.Integer(), nullable=False),
        sa.Column("most_returns", sa.SmallInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
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
    op.create_table(
        "service_rules",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("catalogue_id", sa.Integer(), nullable=False),
        sa.Column("matter_id", sa.BigInteger(), nullable=True),
        sa.Column("urgency", sa.Text(), nullable=True),
        sa.Column("place_class", sa.Text(), nullable=True),
        sa.Column("department_id", sa.BigInteger(), nullable=True),
        sa.Column("assisting", postgresql.ARRAY(sa.BigInteger()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("skill", sa.Text(), nullable=True),
        sa.Column("same_within_m", sa.Float(), nullable=False),
        sa.Column("same_within_h", sa.Float(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.CheckConstraint("place_class IN ('city', 'fringe', 'rural')", name=op.f("ck_service_rules_place_class")),
        sa.CheckConstraint("urgency IN ('normal', 'urgent')", name=op.f("ck_service_rules_urgency")),
        sa.ForeignKeyConstraint(["catalogue_id"], ["catalogues.id"], name=op.f("fk_service_rules_catalogue_id")),
        sa.ForeignKeyConstraint(["department_id"], ["departments.id"], name=op.f("fk_service_rules_department_id")),
        sa.ForeignKeyConstraint(["matter_id"], ["matters.id"], name=op.f("fk_service_rules_matter_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_rules")),
        sa.UniqueConstraint(
            "catalogue_id",
            "matter_id",
            "urgency",
            "place_class",
            name=op.f("uq_service_rules_once"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_table(
        "time_limits",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("catalogue_id", sa.Integer(), nullable=False),
        sa.Column("matter_id", sa.BigInteger(), nullable=True),
        sa.Column("urgency", sa.Text(), nullable=True),
        sa.Column("place_class", sa.Text(), nullable=True),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("milestone", sa.Text(), nullable=False),
        sa.Column("amount", sa.Float(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.CheckConstraint("place_class IN ('city', 'fringe', 'rural')", name=op.f("ck_time_limits_place_class")),
        sa.CheckConstraint(
            "stage IN ('report', 'dispatch', 'handle', 'verify', 'assess', 'archive')",
            name=op.f("ck_time_limits_stage"),
        ),
        sa.CheckConstraint("unit IN ('hours', 'working_hours', 'working_days')", name=op.f("ck_time_limits_unit")),
        sa.CheckConstraint("urgency IN ('normal', 'urgent')", name=op.f("ck_time_limits_urgency")),
        sa.CheckConstraint("amount > 0", name=op.f("ck_time_limits_amount_positive")),
        sa.ForeignKeyConstraint(["catalogue_id"], ["catalogues.id"], name=op.f("fk_time_limits_catalogue_id")),
        sa.ForeignKeyConstraint(["matter_id"], ["matters.id"], name=op.f("fk_time_limits_matter_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_time_limits")),
        sa.UniqueConstraint(
            "catalogue_id",
            "matter_id",
            "urgency",
            "place_class",
            "stage",
            "milestone",
            name=op.f("uq_time_limits_once"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_table(
        "intake_paths",
        sa.Column("catalogue_id", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.CheckConstraint("path IN ('direct', 'on_site')", name=op.f("ck_intake_paths_path")),
        sa.ForeignKeyConstraint(["catalogue_id"], ["catalogues.id"], name=op.f("fk_intake_paths_catalogue_id")),
        sa.PrimaryKeyConstraint("catalogue_id", "source", name=op.f("pk_intake_paths")),
    )
    op.create_table(
        "precedents",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("tree", sa.Text(), nullable=False),
        sa.Column("matter_id", sa.BigInteger(), nullable=True),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("department_id", sa.BigInteger(), nullable=True),
        sa.Column("staff_id", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["department_id"], ["departments.id"], name=op.f("fk_precedents_department_id")),
        sa.ForeignKeyConstraint(["matter_id"], ["matters.id"], name=op.f("fk_precedents_matter_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_precedents_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_precedents")),
    )
    op.create_index(op.f("ix_precedents_tree_matter_id"), "precedents", ["tree", "matter_id"], unique=False)
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
