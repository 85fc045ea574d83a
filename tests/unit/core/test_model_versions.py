"""What serves, what a rollback goes back to and what is a shadow follow from the history."""

from __future__ import annotations

from datetime import UTC, datetime

from services.core.model_versions import (
    Action,
    Publication,
    VersionPair,
    served_before,
    serving,
    shadow,
)

ONE, TWO, THREE = (VersionPair(number, number) for number in "123")


def history(*steps: tuple[Action, VersionPair]) -> list[Publication]:
    entries: list[Publication] = []
    current = ONE
    for number, (action, pair) in enumerate(steps, start=1):
        entries.append(
            Publication(
                sequence=number,
                action=action,
                pair=pair,
                replaced=current,
                at=datetime(2026, 1, number, tzinfo=UTC),
                by="test",
            )
        )
        current = current if action is Action.SHADOW else pair
    return entries


def test_nothing_published_says_nothing() -> None:
    assert serving([]) is None
    assert shadow([]) is None
    assert served_before([]) == []


def test_rollbacks_go_back_one_publication_each() -> None:
    published = history((Action.PUBLISH, TWO), (Action.PUBLISH, THREE))
    assert serving(published) == THREE
    assert served_before(published) == [TWO, ONE]
    once = history((Action.PUBLISH, TWO), (Action.PUBLISH, THREE), (Action.ROLLBACK, TWO))
    assert serving(once) == TWO
    assert served_before(once) == [ONE]


def test_after_a_rollback_a_publication_returns_to_what_served_then() -> None:
    entries = history((Action.PUBLISH, TWO), (Action.ROLLBACK, ONE), (Action.PUBLISH, THREE))
    assert serving(entries) == THREE
    assert served_before(entries) == [ONE]


def test_a_shadow_serves_nothing_and_ends_with_the_next_change() -> None:
    beside = history((Action.PUBLISH, TWO), (Action.SHADOW, THREE))
    assert serving(beside) == TWO
    assert shadow(beside) == THREE
    assert shadow(history((Action.SHADOW, THREE), (Action.PUBLISH, THREE))) is None


def test_a_pair_beside_itself_stops_the_shadow() -> None:
    entries = history((Action.PUBLISH, TWO), (Action.SHADOW, THREE), (Action.SHADOW, TWO))
    assert shadow(entries) is None
    assert serving(entries) == TWO
