"""The section of the note that the evidence stands in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the section; of evidence from before it is unknown."""
    op.add_column("evidence", sa.Column("section", sa.String(), nullable=True))


def downgrade() -> None:
    """Forget the sections."""
    with op.batch_alter_table("evidence") as table:
        table.drop_column("section")
