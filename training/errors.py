"""What goes wrong in training and the user can mend: a command ends with one line for each."""

from __future__ import annotations


class TrainingError(Exception):
    """Root of the tree. `exit_status` is that of a command that ends with it."""

    exit_status = 2


class DataMissing(TrainingError):  # noqa: N818 - the name says what it is
    """The corpora are not where ADEWATCH_DATA_DIR says."""


class CorpusError(TrainingError):
    """A corpus file is missing or is not what its format promises."""


class ParityError(TrainingError):
    """The exported graph does not compute what the torch model computes."""


class ExportLoss(TrainingError):  # noqa: N818
    """The int8 form does not keep the F1 of the model."""


class CardError(TrainingError):
    """The card of a candidate does not say that its graph was checked, or belongs to another."""


class GateRefused(TrainingError):  # noqa: N818
    """The candidate is worse than what serves, beyond what chance explains."""

    exit_status = 3


class AlreadyRunning(TrainingError):  # noqa: N818
    """Another retraining is under way."""

    exit_status = 5
