"""Drafts of boundaries, their edits, cells and events; the lineage of grids; the blocks that plans are made of."""

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_RECORD = ("draft_edits", "draft_cells", "draft_events", "grid_lineage")


def upgrade() -> None:
    op.create_table(
        "drafts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("scheme_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("base_version", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), server_default="draft", nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), server_default="1", nullable=False),
        sa.Column("tip", sa.BigInteger(), nullable=True),
        sa.Column("settings", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("publish_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("publication", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("published_version", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "state IN ('draft', 'in_review', 'approved', 'scheduled', 'published', 'withdrawn')",
            name=op.f("ck_drafts_state"),
        ),
        sa.CheckConstraint(
            "(state = 'published') = (published_version IS NOT NULL)", name=op.f("ck_drafts_published_has_version")
        ),
        sa.CheckConstraint("state <> 'scheduled' OR publish_at IS NOT NULL", name=op.f("ck_drafts_scheduled_has_time")),
        sa.ForeignKeyConstraint(["scheme_id"], ["schemes.id"], name=op.f("fk_drafts_scheme_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drafts")),
    )
    op.create_index(op.f("ix_drafts_scheme_id"), "drafts", ["scheme_id"], unique=False)
    op.create_table(
        "draft_edits",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("draft_id", sa.BigInteger(), nullable=False),
        sa.Column("parent_id", sa.BigInteger(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("params", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.ForeignKeyConstraint(["draft_id"], ["drafts.id"], name=op.f("fk_draft_edits_draft_id")),
        sa.ForeignKeyConstraint(["parent_id"], ["draft_edits.id"], name=op.f("fk_draft_edits_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draft_edits")),
    )
    op.create_index(op.f("ix_draft_edits_draft_id"), "draft_edits", ["draft_id"], unique=False)
    op.create_table(
        "draft_cells",
        sa.Column("edit_id", sa.BigInteger(), nullable=False),
        sa.Column("grid_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("geom", Geometry("MULTIPOLYGON", srid=4326, spatial_index=False), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["edit_id"], ["draft_edits.id"], name=op.f("fk_draft_cells_edit_id")),
        sa.PrimaryKeyConstraint("edit_id", "grid_no", name=op.f("pk_draft_cells")),
    )
    op.create_table(
        "draft_events",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("draft_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.ForeignKeyConstraint(["draft_id"], ["drafts.id"], name=op.f("fk_draft_events_draft_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draft_events")),
    )
    op.create_index(op.f("ix_draft_events_draft_id"), "draft_events", ["draft_id"], unique=False)
    op.create_table(
        "grid_lineage",
        sa.Column("scheme_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("from_grid_id", sa.BigInteger(), nullable=False),
        sa.Column("to_grid_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("area_m2", sa.Double(), nullable=False),
        sa.Column("area_share", sa.Double(), nullable=False),
        sa.Column("households", sa.Integer(), nullable=True),
        sa.Column("people", sa.Integer(), nullable=True),
        sa.CheckConstraint("kind IN ('split', 'merge', 'transfer', 'reinstated')", name=op.f("ck_grid_lineage_kind")),
        sa.ForeignKeyConstraint(
            ["scheme_id", "version"],
            ["scheme_versions.scheme_id", "scheme_versions.version"],
            name=op.f("fk_grid_lineage_scheme_id_version"),
        ),
        sa.ForeignKeyConstraint(["from_grid_id"], ["grids.id"], name=op.f("fk_grid_lineage_from_grid_id")),
        sa.ForeignKeyConstraint(["to_grid_id"], ["grids.id"], name=op.f("fk_grid_lineage_to_grid_id")),
        sa.PrimaryKeyConstraint("scheme_id", "version", "from_grid_id", "to_grid_id", name=op.f("pk_grid_lineage")),
    )
    op.create_index(op.f("ix_grid_lineage_from_grid_id"), "grid_lineage", ["from_grid_id"], unique=False)
    op.create_index(op.f("ix_grid_lineage_to_grid_id"), "grid_lineage", ["to_grid_id"], unique=False)
    op.create_table(
        "atoms",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("tree", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("people", sa.Integer(), nullable=True),
        sa.Column("households", sa.Integer(), nullable=True),
        sa.Column("geom", Geometry("MULTIPOLYGON", srid=4326, spatial_index=False), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_atoms")),
        sa.UniqueConstraint("tree", "source_id", name=op.f("uq_atoms_tree_source_id")),
    )
    op.create_index(op.f("ix_atoms_geom"), "atoms", ["geom"], unique=False, postgresql_using="gist")
    _protect()


def downgrade() -> None:
    for table in ("atoms", "grid_lineage", "draft_events", "draft_cells", "draft_edits", "drafts"):
        op.drop_table(table)


def _protect() -> None:
    op.execute(f"GRANT SELECT, INSERT ON drafts, atoms, {', '.join(_RECORD)} TO gridkeeper_app")
    op.execute("GRANT UPDATE ON drafts, atoms TO gridkeeper_app")
    op.execute("GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO gridkeeper_app")
    for table in _RECORD:
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
