"""Version and score of the codes that evidence had before a recount."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_SIDES = ("drug", "event")


def upgrade() -> None:
    """Add the columns; of what was recounted before nobody knows them any more."""
    for side in _SIDES:
        op.add_column("former_concept", sa.Column(f"{side}_code_version", sa.String()))
        op.add_column("former_concept", sa.Column(f"{side}_score", sa.Float()))


def downgrade() -> None:
    """Drop versions and scores; former names and codes stay."""
    for side in reversed(_SIDES):
        op.drop_column("former_concept", f"{side}_score")
        op.drop_column("former_concept", f"{side}_code_version")
