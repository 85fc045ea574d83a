"""What goes wrong in training and the user can mend: a command ends with one line for each."""

from __future__ import annotations


class TrainingError(Exception):
    """Root of the tree."""


class DataMissing(TrainingError):  # noqa: N818 - the name says what it is
    """The corpora are not where ADEWATCH_DATA_DIR says."""


class CorpusError(TrainingError):
    """A corpus file is missing or is not what its format promises."""


class ParityError(TrainingError):
    """The exported graph does not compute what the torch model computes."""


class ExportLoss(TrainingError):  # noqa: N818
    """The int8 form does not keep the F1 of the model."""
