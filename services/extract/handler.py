"""Notes to extractions: the extract stage without Kafka."""

from __future__ import annotations

from collections.abc import Sequence

from services.core import assertion_rules
from services.core.contracts import Extraction, Note, NoteStatus, Versions
from services.extract.mentions import MentionFinder
from services.extract.relations import RelationFinder


class Extractor:
    """Reads notes with the two models. Pure but for the inference server."""

    def __init__(self, mentions: MentionFinder, relations: RelationFinder) -> None:
        self._mentions = mentions
        self._relations = relations

    async def extract(self, notes: Sequence[Note]) -> list[Extraction]:
        """One extraction per note, in order. A retracted note is not read.

        Raises:
            DependencyUnavailable: the inference server did not answer.
        """
        texts = [note.text if note.status is NoteStatus.CURRENT else "" for note in notes]
        read, ner_versions = await self._mentions.find(texts)
        relations, relation_versions = await self._relations.find(read)
        ner, relation = _joined(ner_versions), _joined(relation_versions)
        return [
            Extraction(
                source=note.source,
                note_id=note.note_id,
                version=note.version,
                status=note.status,
                patient_key=note.patient_key,
                written_at=note.written_at,
                sex=note.sex,
                age_years=note.age_years,
                note_type=note.note_type,
                mentions=text.mentions,
                relations=found,
                versions=Versions(
                    ner=ner,
                    relation=relation,
                    rules=assertion_rules.VERSION,
                    vocabulary=text.vocabulary,
                ),
            )
            for note, text, found in zip(notes, read, relations, strict=True)
        ]


def _joined(versions: frozenset[str]) -> str:
    """Versions that answered a batch; empty when no model was asked."""
    return "+".join(sorted(versions))
