"""What an operator may subscribe."""

from __future__ import annotations

import pytest

from services.alert.subscriptions import new_subscription
from services.core.alert_ports import Subscription
from services.core.errors import ConfigurationError
from services.core.signal_contracts import Transition
from tests.fakes.clock import START


def make(
    url: str = "https://hook.example/a?b=c",
    *,
    reference: str = "hook.secret",
    transitions: list[Transition] | None = None,
    allow_insecure: bool = False,
) -> Subscription:
    return new_subscription(
        url=url,
        secret_reference=reference,
        transitions=transitions,
        created_at=START,
        allow_insecure=allow_insecure,
    )


def test_a_subscription_is_its_url() -> None:
    assert make().subscription_id == make(reference="env:OTHER").subscription_id
    assert make().subscription_id != make("https://hook.example/b").subscription_id


def test_without_a_filter_it_wants_everything() -> None:
    assert all(make().wants(transition) for transition in Transition)
    some = make(transitions=[Transition.DETECTED])
    assert [item for item in Transition if some.wants(item)] == [Transition.DETECTED]


def test_http_is_for_laptops() -> None:
    assert make("http://127.0.0.1:9000/", allow_insecure=True).enabled
    with pytest.raises(ConfigurationError, match="https in production"):
        make("http://hook.example/")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hook.example",
        "ftp://hook.example/",
        "https://",
        "https:///path",
        "https://user:pa55@hook.example/",
        "https://hook.example/#part",
        "https://hook.example:99999/",
        "https://[::1/",
        "https://hook.example/a b",
        "https://hook.example/\nHost: other",
    ],
)
def test_malformed_urls_are_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        make(url)
    assert "hook.example" not in str(caught.value)
    assert "pa55" not in str(caught.value)


@pytest.mark.parametrize("reference", ["", "env:"])
def test_a_secret_is_needed(reference: str) -> None:
    with pytest.raises(ConfigurationError, match="needs a secret"):
        make(reference=reference)


def test_a_filter_that_lets_nothing_through_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="no transition"):
        make(transitions=[])
