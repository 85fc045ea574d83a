"""DDI 2013: documents with drug mentions (drug, group, brand, drug_n), one XML file each.

Herrero-Zazo et al., J Biomed Inform 2013;46:914-920. Read for its drug names: interactions of two
drugs are no relation of a drug and an event, and events are not annotated.
"""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from services.core.contracts import MentionType
from services.core.spans import Span
from training.corpora.documents import AnnotatedMention, Document
from training.errors import CorpusError

_BETWEEN_SENTENCES = "\n"


def read_documents(folder: Path) -> list[Document]:
    """One document per `*.xml` file in the folder and below; MedLine files are named by PMID.

    Raises:
        CorpusError: there is no file, or one has another format.
    """
    paths = sorted(folder.rglob("*.xml"))
    if not paths:
        raise CorpusError(f"{folder} holds no documents (*.xml)")
    return [_read(path) for path in paths]


def _read(path: Path) -> Document:
    try:
        # The corpus is a file that the user fetched; the parser resolves no external entities.
        root = ElementTree.parse(path).getroot()  # noqa: S314
        return _document(root, path)
    except OSError as error:
        raise CorpusError(f"cannot read {path}: {error.strerror}") from error
    except (ElementTree.ParseError, KeyError, ValueError) as error:
        raise CorpusError(f"{path} is no document of DDI 2013: {error!r}") from error


def _document(root: ElementTree.Element, path: Path) -> Document:
    text = ""
    sentences: list[Span] = []
    mentions: list[AnnotatedMention] = []
    for sentence in root.iter("sentence"):
        content = sentence.attrib["text"].rstrip()
        if not content.strip():
            continue
        text += _BETWEEN_SENTENCES if text else ""
        offset = len(text)
        text += content
        sentences.append(Span(offset + len(content) - len(content.lstrip()), len(text)))
        for entity in sentence.iter("entity"):
            span = _span(entity.attrib["charOffset"], offset)
            mentions.append(AnnotatedMention(f"T{len(mentions) + 1}", MentionType.DRUG, span))
            if span.end > len(text):
                raise ValueError(f"{entity.attrib['id']} ends beyond its sentence")
    return Document(
        doc_id=f"ddi:{root.attrib['id']}",
        group=f"pmid:{path.stem}" if path.stem.isdigit() else f"ddi:{path.stem}",
        corpus="ddi",
        text=text,
        sentences=tuple(sentences),
        mentions=tuple(mentions),
        complete=frozenset({MentionType.DRUG}),
    )


def _span(offsets: str, shift: int) -> Span:
    """ "0-7" names the last character, not the one after it; a discontinuous mention
    ("0-3;9-12") is read from its first to its last character."""
    ends = [int(end) for part in offsets.split(";") for end in part.split("-")]
    return Span(shift + min(ends), shift + max(ends) + 1)
