"""An alert as the body of a webhook, and a transition of a signal as an alert."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from services.core import identity
from services.core.signal_contracts import Alert, Measure, Signal


def alert_for(signal: Signal, *, subscription_id: str, public_url: str) -> Alert:
    """The message to one subscriber about one transition.

    Args:
        signal: the transition.
        subscription_id: who gets it.
        public_url: where the service's pages are, for the link.
    """
    return Alert(
        alert_id=identity.alert_id(signal.transition_id, subscription_id),
        signal_id=signal.signal_id,
        transition=signal.transition,
        state=signal.state,
        drug=signal.drug,
        event=signal.event,
        rule=signal.rule,
        counts=signal.counts,
        measures=signal.measures,
        occurred_at=signal.occurred_at,
        historical_only=signal.historical_only,
        link=f"{public_url.rstrip('/')}/signals/{signal.signal_id}",
    )


def body_of(alert: Alert) -> bytes:
    """The body `{"type", "timestamp", "data"}` that Standard Webhooks recommends.

    The fields are named one by one, so that a field added to the contract reaches no receiver
    unless somebody decides so. `historical_only` is there where it is known. Canonical: sorted
    keys, no spaces, ASCII.
    """
    known = {} if alert.historical_only is None else {"historical_only": alert.historical_only}
    document = {
        "type": alert.type,
        "timestamp": _utc(alert.occurred_at),
        "data": {
            "schema_version": alert.schema_version,
            "alert_id": alert.alert_id,
            "signal_id": alert.signal_id,
            "transition": alert.transition.value,
            "state": alert.state.value,
            "drug": alert.drug,
            "event": alert.event,
            "rule": alert.rule,
            "counts": alert.counts._asdict(),
            "measures": [_measure(measure) for measure in alert.measures],
            "link": alert.link,
            **known,
        },
    }
    return json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def _measure(measure: Measure) -> dict[str, str | float | None]:
    return {
        "name": measure.name,
        "estimate": measure.estimate,
        "lower": measure.lower,
        "upper": measure.upper,
        "flag": measure.flag.value,
    }


def _utc(time: datetime) -> str:
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")
