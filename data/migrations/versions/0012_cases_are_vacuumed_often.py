"""Cases are vacuumed often, so that late ones are counted from their index alone."""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

# A fifth of ten million cases would have to change before the server looks at the table by itself; until then the count
# of the late ones fetches each row that was written since.
_OFTEN = ("autovacuum_vacuum_scale_factor", "autovacuum_vacuum_insert_scale_factor", "autovacuum_analyze_scale_factor")


def upgrade() -> None:
    op.execute(f"ALTER TABLE cases SET ({', '.join(f'{name} = 0.01' for name in _OFTEN)})")


def downgrade() -> None:
    op.execute(f"ALTER TABLE cases RESET ({', '.join(_OFTEN)})")
