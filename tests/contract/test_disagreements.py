"""What every record of disagreement promises: in memory, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from services.adapters.sql.disagreements import SqlDisagreements
from services.core.disagreement import Beside, Disagreement, DisagreementRecord
from services.core.model_versions import VersionPair
from tests.connections import record_engine
from tests.fakes.clock import START
from tests.fakes.disagreements import MemoryDisagreements

ONE, TWO, THREE = (VersionPair(number, "1") for number in "123")
SECOND, THIRD = Beside(ONE, TWO), Beside(ONE, THREE)


@pytest.fixture(
    params=["memory", "sqlite_record", pytest.param("postgres_record", marks=pytest.mark.stack)]
)
def record(request: pytest.FixtureRequest) -> Iterator[DisagreementRecord]:
    if request.param == "memory":
        yield MemoryDisagreements()
        return
    url = request.getfixturevalue(request.param)
    engine = record_engine(url)
    yield SqlDisagreements(engine)
    engine.dispose()


def test_nothing_was_seen_at_first(record: DisagreementRecord) -> None:
    record.add({}, at=START)
    assert record.totals() == {}


def test_counts_add_up_by_the_pairs_that_read(record: DisagreementRecord) -> None:
    first = Disagreement(notes=2, same=3, only_serving=1, dropped=4)
    record.add({SECOND: first, THIRD: Disagreement(failed=1)}, at=START)
    record.add({SECOND: Disagreement(notes=1, only_candidate=5, status_differs=6)}, at=START)
    assert record.totals() == {
        SECOND: Disagreement(
            notes=3, same=3, only_serving=1, only_candidate=5, status_differs=6, dropped=4
        ),
        THIRD: Disagreement(failed=1),
    }
    assert list(record.totals()) == [SECOND, THIRD]
