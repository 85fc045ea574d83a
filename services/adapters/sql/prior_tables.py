"""The table of the fits of EBGM's prior."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import JSON, BigInteger
from sqlmodel import Field

from services.adapters.sql.base import Base, UtcDateTime


class PriorFitRow(Base, table=True):
    """One fit; revisions start at 1 and have no gaps. Priors are objects of their five numbers.

    `in_use` is the prior that scores pairs from here on, null as long as no search converged;
    `found` is the outcome of this search, converged or not.
    """

    __tablename__: ClassVar[Any] = "prior_fit"

    revision: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    fitted_at: datetime = Field(sa_type=UtcDateTime)
    ledger_sequence: int = Field(sa_type=BigInteger)
    pairs: int = Field(sa_type=BigInteger)
    cases: int = Field(sa_type=BigInteger)
    in_use: dict[str, float] | None = Field(sa_type=JSON(none_as_null=True), nullable=True)
    found: dict[str, float] = Field(sa_type=JSON)
    log_likelihood: float
    converged: bool
    weak: bool
    agreeing: int
    searches: int
    message: str
