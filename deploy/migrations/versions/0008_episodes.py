"""The patient, the case and the source of each relation apart, and merges of patients."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns and tables; evidence so far is original until its patient is settled."""
    op.add_column(
        "evidence", sa.Column("person_key", sa.String(), nullable=False, server_default="")
    )
    op.execute("UPDATE evidence SET person_key = case_key")
    op.add_column("evidence", sa.Column("copy_of_note", sa.String(), nullable=True))
    op.add_column("evidence", sa.Column("copy_of_position", sa.Integer(), nullable=True))
    op.create_index("ix_evidence_person_key", "evidence", ["person_key"])
    op.create_table(
        "patient_merge",
        sa.Column("merge_id", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("surviving", sa.String(), nullable=False),
        sa.Column("retired", sa.String(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("merge_id", name="pk_patient_merge"),
    )
    op.create_table(
        "patient_alias",
        sa.Column("patient", sa.String(), nullable=False),
        sa.Column("person_key", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("patient", name="pk_patient_alias"),
    )
    op.create_index("ix_patient_alias_person_key", "patient_alias", ["person_key"])


def downgrade() -> None:
    """Drop merges and episodes: a case is a patient again.

    Where there were any, the ledger counts other cases than the evidence then has.
    """
    op.drop_index("ix_patient_alias_person_key", table_name="patient_alias")
    op.drop_table("patient_alias")
    op.drop_table("patient_merge")
    op.execute(
        "UPDATE evidence SET case_key ="
        " (SELECT note.case_key FROM note WHERE note.note_key = evidence.note_key)"
    )
    op.drop_index("ix_evidence_person_key", table_name="evidence")
    op.drop_column("evidence", "copy_of_position")
    op.drop_column("evidence", "copy_of_note")
    op.drop_column("evidence", "person_key")
