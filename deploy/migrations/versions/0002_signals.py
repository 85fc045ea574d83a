"""Signals, their transitions and the outbox to the topic of signals."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables of signals."""
    op.create_table(
        "signal",
        sa.Column("signal_id", sa.String(), nullable=False),
        sa.Column("drug", sa.String(), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("first_detected_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("signal_id", name="pk_signal"),
    )
    op.create_index(
        "ix_signal_active",
        "signal",
        ["signal_id"],
        sqlite_where=sa.text("active"),
        postgresql_where=sa.text("active"),
    )
    op.create_table(
        "signal_transition",
        sa.Column("transition_id", sa.String(), nullable=False),
        sa.Column("signal_id", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("transition", sa.String(), nullable=False),
        sa.Column("snapshot", sa.JSON(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("transition_id", name="pk_signal_transition"),
        sa.ForeignKeyConstraint(
            ["signal_id"], ["signal.signal_id"], name="fk_signal_transition_signal_id_signal"
        ),
        sa.UniqueConstraint(
            "signal_id", "revision", name="uq_signal_transition_signal_id_revision"
        ),
    )
    op.create_index(
        "ix_signal_transition_unpublished",
        "signal_transition",
        ["occurred_at"],
        sqlite_where=sa.text("published_at IS NULL"),
        postgresql_where=sa.text("published_at IS NULL"),
    )


def downgrade() -> None:
    """Drop the record of signals, with everything in it."""
    op.drop_index("ix_signal_transition_unpublished", table_name="signal_transition")
    op.drop_table("signal_transition")
    op.drop_index("ix_signal_active", table_name="signal")
    op.drop_table("signal")
