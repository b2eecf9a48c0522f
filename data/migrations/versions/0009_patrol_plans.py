"""What patrols should do: required points and plans; and the record of who looked at traces."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _add_points()
    _add_plans()
    _add_views()
    op.execute("GRANT SELECT, INSERT, UPDATE ON required_points, patrol_plans TO gridkeeper_app")
    op.execute("GRANT SELECT, INSERT ON trace_views TO gridkeeper_app")
    op.execute("GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO gridkeeper_app")
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON trace_views "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    for table in ("trace_views", "patrol_plans", "required_points"):
        op.drop_table(table)


def _add_points() -> None:
    op.create_table(
        "required_points",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("tree", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("lon", sa.Double(), nullable=False),
        sa.Column("lat", sa.Double(), nullable=False),
        sa.Column("raw_x", sa.Double(), nullable=False),
        sa.Column("raw_y", sa.Double(), nullable=False),
        sa.Column("raw_datum", sa.Text(), nullable=False),
        sa.Column("radius_m", sa.Double(), server_default=sa.text("30"), nullable=False),
        sa.Column(
            "weekdays", postgresql.ARRAY(sa.SmallInteger()), server_default=sa.text("'{1,2,3,4,5,6,7}'"), nullable=False
        ),
        sa.Column("opens", sa.Time(), server_default=sa.text("'00:00'"), nullable=False),
        sa.Column("closes", sa.Time(), server_default=sa.text("'00:00'"), nullable=False),
        sa.Column("times", sa.SmallInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("dwell_s", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("valid", postgresql.TSTZRANGE(), server_default=sa.text("'(,)'"), nullable=False),
        sa.CheckConstraint("radius_m > 0", name=op.f("ck_required_points_radius")),
        sa.CheckConstraint("times > 0", name=op.f("ck_required_points_times")),
        sa.CheckConstraint("dwell_s >= 0", name=op.f("ck_required_points_dwell")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_required_points")),
        sa.UniqueConstraint("tree", "label", name=op.f("uq_required_points_tree_label")),
    )


def _add_plans() -> None:
    op.create_table(
        "patrol_plans",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("tree", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("staff_id", sa.BigInteger(), nullable=True),
        sa.Column("team", sa.Text(), nullable=True),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("weekdays", postgresql.ARRAY(sa.SmallInteger()), nullable=True),
        sa.Column("opens", sa.Time(), server_default=sa.text("'00:00'"), nullable=False),
        sa.Column("closes", sa.Time(), server_default=sa.text("'00:00'"), nullable=False),
        sa.Column("grid_ids", postgresql.ARRAY(sa.BigInteger()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("point_ids", postgresql.ARRAY(sa.BigInteger()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("dwell_s", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("valid", postgresql.TSTZRANGE(), server_default=sa.text("'(,)'"), nullable=False),
        sa.CheckConstraint("num_nonnulls(staff_id, team) = 1", name=op.f("ck_patrol_plans_somebody")),
        sa.CheckConstraint("num_nonnulls(day, weekdays) = 1", name=op.f("ck_patrol_plans_some_day")),
        sa.CheckConstraint(
            "cardinality(grid_ids) + cardinality(point_ids) > 0", name=op.f("ck_patrol_plans_some_place")
        ),
        sa.CheckConstraint("dwell_s >= 0", name=op.f("ck_patrol_plans_dwell")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_patrol_plans_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patrol_plans")),
        sa.UniqueConstraint("tree", "label", name=op.f("uq_patrol_plans_tree_label")),
    )
    op.create_index(op.f("ix_patrol_plans_staff_id"), "patrol_plans", ["staff_id"], unique=False)


def _add_views() -> None:
    op.create_table(
        "trace_views",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("tree", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("viewer", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("staff_id", sa.BigInteger(), nullable=True),
        sa.Column("device_id", sa.BigInteger(), nullable=True),
        sa.Column("period", postgresql.TSTZRANGE(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.CheckConstraint("num_nonnulls(staff_id, device_id) > 0", name=op.f("ck_trace_views_of_somebody")),
        sa.CheckConstraint("what IN ('page', 'live', 'csv', 'xlsx', 'gpx')", name=op.f("ck_trace_views_what")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_trace_views_staff_id")),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name=op.f("fk_trace_views_device_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trace_views")),
    )
    op.create_index(op.f("ix_trace_views_staff_id_at"), "trace_views", ["staff_id", "at"], unique=False)
