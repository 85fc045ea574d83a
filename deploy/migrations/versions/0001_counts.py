"""Notes, evidence and the ledger of counts."""

from __future__ import annotations

from uuid import uuid4

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables of counting and give the ledger its identity."""
    op.create_table(
        "note",
        sa.Column("note_key", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("note_id", sa.String(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("retracted", sa.Boolean(), nullable=False),
        sa.Column("patient_key", sa.String(), nullable=False),
        sa.Column("case_key", sa.String(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sex", sa.String(), nullable=False),
        sa.Column("age_years", sa.BigInteger(), nullable=True),
        sa.Column("note_type", sa.String(), nullable=True),
        *_versions(),
        sa.Column("extraction_id", sa.String(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("note_key", name="pk_note"),
    )
    op.create_table(
        "evidence",
        sa.Column("note_key", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("relation_id", sa.String(), nullable=False),
        sa.Column("case_key", sa.String(), nullable=False),
        sa.Column("pair_key", sa.String(), nullable=False),
        sa.Column("drug", sa.String(), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("drug_start", sa.BigInteger(), nullable=False),
        sa.Column("drug_end", sa.BigInteger(), nullable=False),
        sa.Column("drug_text", sa.String(), nullable=False),
        sa.Column("event_start", sa.BigInteger(), nullable=False),
        sa.Column("event_end", sa.BigInteger(), nullable=False),
        sa.Column("event_text", sa.String(), nullable=False),
        sa.Column("assertion", sa.String(), nullable=False),
        sa.Column("counted", sa.Boolean(), nullable=False),
        sa.Column("probability", sa.Float(), nullable=False),
        sa.Column("evidence_start", sa.BigInteger(), nullable=False),
        sa.Column("evidence_end", sa.BigInteger(), nullable=False),
        sa.Column("evidence_text", sa.Text(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        *_versions(),
        sa.PrimaryKeyConstraint("note_key", "position", name="pk_evidence"),
        sa.ForeignKeyConstraint(["note_key"], ["note.note_key"], name="fk_evidence_note_key_note"),
    )
    op.create_index("ix_evidence_case_key", "evidence", ["case_key"])
    op.create_index("ix_evidence_pair_key", "evidence", ["pair_key"])
    op.create_table(
        "ledger_entry",
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("delta", sa.JSON(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_ledger_entry"),
    )
    head = op.create_table(
        "ledger_head",
        sa.Column("singleton", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("ledger_id", sa.String(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("published", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("singleton", name="pk_ledger_head"),
        sa.CheckConstraint("singleton = 1", name=op.f("ck_ledger_head_singleton")),
        sa.CheckConstraint("published <= sequence", name=op.f("ck_ledger_head_published")),
    )
    row = {"singleton": 1, "ledger_id": str(uuid4()), "sequence": 0, "published": 0}
    op.bulk_insert(head, [row])


def downgrade() -> None:
    """Drop the record of counting, with everything in it."""
    op.drop_table("ledger_head")
    op.drop_table("ledger_entry")
    op.drop_index("ix_evidence_pair_key", table_name="evidence")
    op.drop_index("ix_evidence_case_key", table_name="evidence")
    op.drop_table("evidence")
    op.drop_table("note")


def _versions() -> list[sa.Column[str]]:
    names = ("ner_version", "relation_version", "rules_version", "vocabulary_version")
    return [sa.Column(name, sa.String(), nullable=False) for name in names]
