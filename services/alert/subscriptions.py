"""Makes a subscription from what an operator says."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from urllib.parse import urlsplit

from services.core import identity
from services.core.alert_ports import Subscription
from services.core.errors import ConfigurationError
from services.core.signal_contracts import Transition

_SCHEMES = ("https", "http")


def new_subscription(
    *,
    url: str,
    secret_reference: str,
    transitions: Iterable[Transition] | None,
    created_at: datetime,
    allow_insecure: bool,
) -> Subscription:
    """Check the parts of a subscription and give it its identity, which is that of its URL.

    Whether the URL's host may be connected to is decided at each attempt, not here: names move.

    Args:
        url: where to POST; without user name and fragment.
        secret_reference: a file's path, or `env:NAME`.
        transitions: those it wants; None for all.
        created_at: now.
        allow_insecure: whether http is accepted (on a laptop).

    Raises:
        ConfigurationError: what is wrong, without repeating the URL, which may hold a token.
    """
    _check_url(url, allow_insecure=allow_insecure)
    if not secret_reference.removeprefix("env:"):
        raise ConfigurationError("a subscription needs a secret: a file's path, or env:NAME")
    wanted = None if transitions is None else frozenset(transitions)
    if wanted is not None and not wanted:
        raise ConfigurationError("a subscription to no transition at all would get nothing")
    return Subscription(
        subscription_id=identity.identity("subscription", url),
        url=url,
        secret_reference=secret_reference,
        transitions=wanted,
        created_at=created_at,
    )


def _check_url(url: str, *, allow_insecure: bool) -> None:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise ConfigurationError("the webhook's URL cannot be parsed") from None
    if parts.scheme not in _SCHEMES or not host or not url.isprintable() or " " in url:
        raise ConfigurationError("a webhook's URL is https://host/path")
    if parts.scheme == "http" and not allow_insecure:
        raise ConfigurationError("a webhook's URL must be https in production")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise ConfigurationError("a webhook's URL has no user name, password or fragment")
