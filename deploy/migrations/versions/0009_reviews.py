"""What reviewers say of evidence, and how candidate models disagree."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_COUNTS = (
    "notes",
    "same",
    "only_serving",
    "only_candidate",
    "status_differs",
    "dropped",
    "failed",
)


def upgrade() -> None:
    """Create both tables."""
    op.create_table(
        "verdict",
        sa.Column("evidence_key", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("note_key", sa.String(), nullable=False),
        sa.Column("judgement", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=True),
        sa.Column("judged_by", sa.String(), nullable=False),
        sa.Column("judged_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("evidence_key", "revision", name="pk_verdict"),
    )
    op.create_index("ix_verdict_note_key", "verdict", ["note_key"])
    op.create_table(
        "shadow_disagreement",
        sa.Column("entry_id", sa.String(), nullable=False),
        sa.Column("serving_ner", sa.String(), nullable=False),
        sa.Column("serving_relation", sa.String(), nullable=False),
        sa.Column("candidate_ner", sa.String(), nullable=False),
        sa.Column("candidate_relation", sa.String(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in _COUNTS),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("entry_id", name="pk_shadow_disagreement"),
    )


def downgrade() -> None:
    """Drop both: verdicts are lost."""
    op.drop_table("shadow_disagreement")
    op.drop_index("ix_verdict_note_key", table_name="verdict")
    op.drop_table("verdict")
