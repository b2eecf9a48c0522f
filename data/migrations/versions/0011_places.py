"""Places that people walk to for a service."""

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "places",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("tree", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("geom", Geometry("POINT", srid=4326, spatial_index=False), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_places")),
        sa.UniqueConstraint("tree", "source_id", name=op.f("uq_places_tree_source_id")),
    )
    op.create_index(op.f("ix_places_geom"), "places", ["geom"], unique=False, postgresql_using="gist")
    op.execute("GRANT SELECT, INSERT, UPDATE ON places TO gridkeeper_app")
    op.execute("GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO gridkeeper_app")


def downgrade() -> None:
    op.drop_table("places")
