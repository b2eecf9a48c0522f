"""A name for files made from a version's boundaries."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # The default is volatile, so every version that is there already gets a name of its own.
    op.add_column(
        "scheme_versions",
        sa.Column("snapshot_id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
    )


def downgrade() -> None:
    op.drop_column("scheme_versions", "snapshot_id")
