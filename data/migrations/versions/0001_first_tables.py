"""First tables: ground, people, casework."""

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "areas",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("tree", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("parent_id", sa.BigInteger(), nullable=True),
        sa.Column("geom", Geometry("MULTIPOLYGON", srid=4326, spatial_index=False), nullable=False),
        sa.CheckConstraint("level IN ('city', 'county', 'street', 'community')", name=op.f("ck_areas_level")),
        sa.ForeignKeyConstraint(["parent_id"], ["areas.id"], name=op.f("fk_areas_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_areas")),
        sa.UniqueConstraint("tree", "code", name=op.f("uq_areas_tree_code")),
    )
    op.create_index(op.f("ix_areas_geom"), "areas", ["geom"], unique=False, postgresql_using="gist")
    op.create_index(op.f("ix_areas_parent_id"), "areas", ["parent_id"], unique=False)
    op.create_table(
        "buildings",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("tree", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("households", sa.Integer(), nullable=True),
        sa.Column("people", sa.Integer(), nullable=True),
        sa.Column("geom", Geometry("MULTIPOLYGON", srid=4326, spatial_index=False), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_buildings")),
        sa.UniqueConstraint("tree", "source_id", name=op.f("uq_buildings_tree_source_id")),
    )
    op.create_index(op.f("ix_buildings_geom"), "buildings", ["geom"], unique=False, postgresql_using="gist")
    op.create_table(
        "case_events",
        sa.Column("case_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("scheme_version", sa.Integer(), nullable=True),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.PrimaryKeyConstraint("case_id", "id", name=op.f("pk_case_events")),
    )
    op.create_table(
        "cases",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False, start=10000001), nullable=False),
        sa.Column("tree", sa.Text(), nullable=False),
        sa.Column("scheme_id", sa.Integer(), nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=True),
        sa.Column("dataset", sa.Text(), nullable=True),
        sa.Column("source_id", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("queue_reason", sa.Text(), nullable=True),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("occurred_precision", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("raw_x", sa.Double(), nullable=False),
        sa.Column("raw_y", sa.Double(), nullable=False),
        sa.Column("raw_datum", sa.Text(), nullable=False),
        sa.Column("staff_id", sa.BigInteger(), nullable=True),
        sa.Column("owner_staff_id", sa.BigInteger(), nullable=True),
        sa.Column("task_grid_id", sa.BigInteger(), nullable=True),
        sa.Column("reasons", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("geom", Geometry("POINT", srid=4326, spatial_index=False), nullable=False),
        sa.CheckConstraint("(state = 'queued') = (queue_reason IS NOT NULL)", name=op.f("ck_cases_queue_has_reason")),
        sa.CheckConstraint("occurred_precision IN ('instant', 'day', 'received')", name=op.f("ck_cases_precision")),
        sa.CheckConstraint(
            "state IN ('queued', 'reported', 'dispatched', 'handling', 'verified', 'assessed', 'archived')",
            name=op.f("ck_cases_state"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cases")),
        sa.UniqueConstraint("source_id", "dataset", "tree", name=op.f("uq_cases_source_id_dataset_tree")),
    )
    op.create_index(op.f("ix_cases_geom"), "cases", ["geom"], unique=False, postgresql_using="gist")
    op.create_table(
        "idempotency_keys",
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("body_hash", sa.Text(), nullable=False),
        sa.Column("answer", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("actor", "key", name=op.f("pk_idempotency_keys")),
    )
    op.create_table(
        "import_batches",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("dataset", sa.Text(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("options", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column(
            "started_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("counts", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_batches")),
    )
    op.create_table(
        "placements",
        sa.Column("case_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("scheme_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("grid_id", sa.BigInteger(), nullable=True),
        sa.Column("nearest_grid_id", sa.BigInteger(), nullable=True),
        sa.Column("outside_m", sa.Double(), nullable=True),
        sa.Column("edge_distance_m", sa.Double(), nullable=True),
        sa.Column("near_border", sa.Boolean(), nullable=False),
        sa.Column("second_grid_id", sa.BigInteger(), nullable=True),
        sa.Column("routing", sa.Boolean(), nullable=False),
        sa.Column("override_grid_id", sa.BigInteger(), nullable=True),
        sa.Column("override_by", sa.Text(), nullable=True),
        sa.Column("override_reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(grid_id IS NULL) = (outside_m IS NOT NULL)", name=op.f("ck_placements_outside_has_distance")
        ),
        sa.CheckConstraint(
            "(override_grid_id IS NULL) = (override_by IS NULL)", name=op.f("ck_placements_override_has_actor")
        ),
        sa.CheckConstraint(
            "grid_id IS NOT NULL OR nearest_grid_id IS NOT NULL", name=op.f("ck_placements_never_silent")
        ),
        sa.PrimaryKeyConstraint("case_id", "scheme_id", name=op.f("pk_placements")),
    )
    op.create_index(
        op.f("ix_placements_grid_id"), "placements", ["grid_id"], unique=False, postgresql_where=sa.text("routing")
    )
    op.create_table(
        "schemes",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("tree", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("extent", sa.Text(), nullable=False),
        sa.Column("priority", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("metric_srid", sa.Integer(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("near_limit_m", sa.Double(), server_default="10", nullable=False),
        sa.Column("far_limit_m", sa.Double(), server_default="5000", nullable=False),
        sa.Column("version", sa.Integer(), server_default="0", nullable=False),
        sa.CheckConstraint("extent IN ('whole', 'partial')", name=op.f("ck_schemes_extent")),
        sa.CheckConstraint(
            "kind IN ('unit', 'duty', 'micro', 'dedicated', 'evaluation', 'beats')", name=op.f("ck_schemes_kind")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schemes")),
        sa.UniqueConstraint("name", name=op.f("uq_schemes_name")),
    )
    op.create_index(op.f("ix_schemes_tree"), "schemes", ["tree"], unique=False)
    op.create_table(
        "staff",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("tree", sa.Text(), nullable=False),
        sa.Column("staff_no", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("organisation", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff")),
        sa.UniqueConstraint("tree", "staff_no", name=op.f("uq_staff_tree_staff_no")),
    )
    op.create_table(
        "streets",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("tree", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=True),
        sa.Column("geom", Geometry("MULTILINESTRING", srid=4326, spatial_index=False), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_streets")),
        sa.UniqueConstraint("tree", "source_id", name=op.f("uq_streets_tree_source_id")),
    )
    op.create_index(op.f("ix_streets_geom"), "streets", ["geom"], unique=False, postgresql_using="gist")
    op.create_table(
        "absences",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("staff_id", sa.BigInteger(), nullable=False),
        sa.Column("substitute_id", sa.BigInteger(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("valid", postgresql.TSTZRANGE(), nullable=False),
        sa.CheckConstraint("substitute_id <> staff_id", name=op.f("ck_absences_substitute_is_another")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_absences_staff_id")),
        sa.ForeignKeyConstraint(["substitute_id"], ["staff.id"], name=op.f("fk_absences_substitute_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_absences")),
        sa.UniqueConstraint("staff_id", "valid", name=op.f("uq_absences_staff_id_valid")),
    )
    op.create_index(op.f("ix_absences_staff_id"), "absences", ["staff_id"], unique=False)
    op.create_table(
        "grids",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("scheme_id", sa.Integer(), nullable=False),
        sa.Column("grid_no", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("area_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["area_id"], ["areas.id"], name=op.f("fk_grids_area_id")),
        sa.ForeignKeyConstraint(["scheme_id"], ["schemes.id"], name=op.f("fk_grids_scheme_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grids")),
        sa.UniqueConstraint("scheme_id", "code", name=op.f("uq_grids_scheme_id_code")),
        sa.UniqueConstraint("scheme_id", "grid_no", name=op.f("uq_grids_scheme_id_grid_no")),
    )
    op.create_index(op.f("ix_grids_area_id"), "grids", ["area_id"], unique=False)
    op.create_table(
        "quarantine",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("row_no", sa.BigInteger(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("raw", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["import_batches.id"], name=op.f("fk_quarantine_batch_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quarantine")),
    )
    op.create_index(op.f("ix_quarantine_batch_id"), "quarantine", ["batch_id"], unique=False)
    op.create_table(
        "scheme_versions",
        sa.Column("scheme_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("valid", postgresql.TSTZRANGE(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.column("scheme_id"), "="),
            (sa.column("valid"), "&&"),
            using="gist",
            name="ex_scheme_versions_one_at_a_time",
        ),
        sa.ForeignKeyConstraint(["scheme_id"], ["schemes.id"], name=op.f("fk_scheme_versions_scheme_id")),
        sa.PrimaryKeyConstraint("scheme_id", "version", name=op.f("pk_scheme_versions")),
    )
    op.create_table(
        "boundaries",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("scheme_id", sa.Integer(), nullable=False),
        sa.Column("grid_id", sa.BigInteger(), nullable=False),
        sa.Column("grid_no", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("valid", postgresql.TSTZRANGE(), nullable=False),
        sa.Column("area_m2", sa.Double(), nullable=False),
        sa.Column("geom", Geometry("MULTIPOLYGON", srid=4326, spatial_index=False), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.column("grid_id"), "="), (sa.column("valid"), "&&"), using="gist", name="ex_boundaries_one_at_a_time"
        ),
        sa.ForeignKeyConstraint(["grid_id"], ["grids.id"], name=op.f("fk_boundaries_grid_id")),
        sa.ForeignKeyConstraint(["scheme_id"], ["schemes.id"], name=op.f("fk_boundaries_scheme_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_boundaries")),
    )
    op.create_index(op.f("ix_boundaries_geom"), "boundaries", ["geom"], unique=False, postgresql_using="gist")
    op.create_index(op.f("ix_boundaries_scheme_id"), "boundaries", ["scheme_id"], unique=False)
    op.create_table(
        "duties",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("staff_id", sa.BigInteger(), nullable=False),
        sa.Column("grid_id", sa.BigInteger(), nullable=True),
        sa.Column("area_id", sa.BigInteger(), nullable=True),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("leads", sa.Boolean(), nullable=False),
        sa.Column("valid", postgresql.TSTZRANGE(), nullable=False),
        sa.CheckConstraint("num_nonnulls(grid_id, area_id) = 1", name=op.f("ck_duties_one_place")),
        sa.ForeignKeyConstraint(["area_id"], ["areas.id"], name=op.f("fk_duties_area_id")),
        sa.ForeignKeyConstraint(["grid_id"], ["grids.id"], name=op.f("fk_duties_grid_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_duties_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duties")),
        sa.UniqueConstraint(
            "staff_id",
            "grid_id",
            "area_id",
            "role",
            "valid",
            name=op.f("uq_duties_staff_id_grid_id_area_id_role_valid"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index(op.f("ix_duties_area_id"), "duties", ["area_id"], unique=False)
    op.create_index(op.f("ix_duties_grid_id"), "duties", ["grid_id"], unique=False)
    _protect()


def downgrade() -> None:
    op.execute("DROP FUNCTION refuse_change() CASCADE")
    for table in (
        "placements",
        "case_events",
        "quarantine",
        "idempotency_keys",
        "cases",
        "import_batches",
        "absences",
        "duties",
        "staff",
        "boundaries",
        "grids",
        "scheme_versions",
        "schemes",
        "streets",
        "buildings",
        "areas",
    ):
        op.drop_table(table)


def _protect() -> None:
    """The service may read and add, change what has a life of its own, and never rewrite the record."""
    op.execute("GRANT USAGE ON SCHEMA public TO gridkeeper_app")
    op.execute("GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA public TO gridkeeper_app")
    op.execute("GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO gridkeeper_app")
    op.execute(
        "GRANT UPDATE ON areas, schemes, grids, staff, duties, absences, buildings, streets, cases, placements, "
        "import_batches TO gridkeeper_app"
    )
    # A version ends; its geometry never changes.
    op.execute("GRANT UPDATE (valid) ON boundaries, scheme_versions TO gridkeeper_app")
    op.execute(
        """
        CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON case_events "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
