"""Codings of the evidence, recounts under another vocabulary, and decisions about names."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_SIDES = ("drug", "event")


def upgrade() -> None:
    """Add the columns and tables; evidence so far has no coding until it is remapped."""
    for column in _columns():
        op.add_column("evidence", column)
    op.create_table(
        "remapping",
        sa.Column("remapping_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("vocabulary_version", sa.String(), nullable=False),
        sa.Column("renamed", sa.BigInteger(), nullable=False),
        sa.Column("ledger_sequence", sa.BigInteger(), nullable=True),
        sa.Column("remapped_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("remapping_id", name="pk_remapping"),
    )
    op.create_table(
        "former_concept",
        sa.Column("note_key", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("remapping_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("vocabulary_version", sa.String(), nullable=False),
        *(
            sa.Column(f"{side}{part}", sa.String(), nullable=part != "")
            for side in _SIDES
            for part in ("", "_system", "_code")
        ),
        sa.PrimaryKeyConstraint("note_key", "position", "remapping_id", name="pk_former_concept"),
        sa.ForeignKeyConstraint(
            ["note_key"], ["note.note_key"], name="fk_former_concept_note_key_note"
        ),
        sa.ForeignKeyConstraint(
            ["remapping_id"],
            ["remapping.remapping_id"],
            name="fk_former_concept_remapping_id_remapping",
        ),
    )
    op.create_table(
        "vocabulary_decision",
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("surface", sa.String(), nullable=False),
        sa.Column("concept", sa.String(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("type", "key", name="pk_vocabulary_decision"),
    )


def downgrade() -> None:
    """Drop codings, former concepts and decisions; the names that are counted stay."""
    op.drop_table("vocabulary_decision")
    op.drop_table("former_concept")
    op.drop_table("remapping")
    for column in reversed(_columns()):
        op.drop_column("evidence", column.name)


def _columns() -> list[sa.Column[object]]:
    columns: list[sa.Column[object]] = []
    for side in _SIDES:
        columns += [
            sa.Column(f"{side}_expansion", sa.String(), nullable=False, server_default=""),
            sa.Column(f"{side}_system", sa.String(), nullable=True),
            sa.Column(f"{side}_code", sa.String(), nullable=True),
            sa.Column(f"{side}_code_version", sa.String(), nullable=True),
            sa.Column(f"{side}_score", sa.Float(), nullable=True),
        ]
    return columns
