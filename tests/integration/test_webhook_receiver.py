"""Webhooks to the example receiver through real sockets, and the secrets that both share."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from deploy.local.receiver import Receiver, make_secret_file
from services.adapters.sql.deliveries import SqlOutbox
from services.adapters.sql.subscriptions import SqlSubscriptions
from services.adapters.webhooks import HttpxSender, SecretFiles
from services.alert.dispatcher import Dispatcher
from services.alert.handler import Alerter
from services.alert.subscriptions import new_subscription
from services.core.alert_ports import Answer, DeliveryState
from services.core.errors import ConfigurationError
from services.core.signing import SigningSecret, signed_headers
from tests.connections import record_engine
from tests.fakes.clock import FakeClock
from tests.fakes.signals import signal
from tests.integration.webhook_servers import BODY, LOOPBACK, OLD, SECRET, post


@pytest.fixture
def record_file(tmp_path: Path) -> Path:
    return tmp_path / "received.jsonl"


@pytest.fixture
def receive(record_file: Path) -> Iterator[Callable[..., str]]:
    """Starts receivers; gives the URL of one."""
    running: list[tuple[Receiver, threading.Thread]] = []

    def start(*known: SigningSecret, fail_first: int = 0) -> str:
        receiver = Receiver(
            port=0, signing_secrets=known, record=record_file, fail_first=fail_first
        )
        thread = threading.Thread(target=receiver.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        running.append((receiver, thread))
        return f"http://127.0.0.1:{receiver.server_port}/hook"

    yield start
    for receiver, thread in running:
        receiver.shutdown()
        thread.join()
        receiver.server_close()


def received(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


async def test_a_signal_arrives_verified_once_over_failures_and_a_lost_record(
    receive: Callable[..., str], record_file: Path, tmp_path: Path, sqlite_record: str
) -> None:
    secret_file = tmp_path / "hook.secret"
    make_secret_file(secret_file)
    url = receive(*SecretFiles().secrets(str(secret_file)), fail_first=1)
    engine = record_engine(sqlite_record)
    outbox, subscriptions = SqlOutbox(engine), SqlSubscriptions(engine)
    clock = FakeClock(datetime.now(UTC))
    subscriptions.add(
        new_subscription(
            url=url,
            secret_reference=str(secret_file),
            transitions=None,
            created_at=clock.now(),
            allow_insecure=True,
        )
    )
    sender = HttpxSender(allowed=LOOPBACK, allow_insecure=True)
    worker = Dispatcher(
        outbox, sender, SecretFiles(), clock=clock, random=lambda: 0.0, token=lambda: "t"
    )
    alerter = Alerter(subscriptions, outbox, clock=clock, public_url="http://pv", wake=worker.wake)
    await alerter.handle([signal()])
    await alerter.handle([signal()])
    await worker.run_once()
    assert received(record_file) == []  # answered 503
    clock.advance(timedelta(seconds=5))
    await worker.run_once()
    (row,) = outbox.deliveries()
    assert (row.state, row.attempts) == (DeliveryState.DELIVERED, 2)
    assert [one.status for one in outbox.attempts(row.delivery_id)] == [503, 204]
    # As if the process had died before it recorded that answer: the same message again.
    outbox.replay(row.delivery_id, now=clock.now())
    await worker.run_once()
    await sender.aclose()
    engine.dispose()
    lines = received(record_file)
    assert [line["verified"] for line in lines] == [True, True]
    assert {line["webhook_id"] for line in lines} == {row.delivery_id}
    assert all(line["body"] == json.loads(row.body) for line in lines)


@pytest.mark.parametrize("known", [SECRET, OLD])
async def test_while_a_key_rotates_receivers_with_either_accept(
    receive: Callable[..., str], known: SigningSecret
) -> None:
    url = receive(known)
    headers = signed_headers([SECRET, OLD], message_id="m", sent_at=datetime.now(UTC), body=BODY)
    sender = HttpxSender(allowed=LOOPBACK, allow_insecure=True)
    assert await sender.send(url, BODY, headers) == Answer(status=204)
    await sender.aclose()


async def test_the_receiver_refuses_and_records_what_it_cannot_verify(
    receive: Callable[..., str], record_file: Path
) -> None:
    sender = HttpxSender(allowed=LOOPBACK, allow_insecure=True)
    assert await post(receive(OLD), sender) == Answer(status=401)
    (line,) = received(record_file)
    assert (line["webhook_id"], line["verified"]) == ("m1", False)


def test_secrets_come_from_a_file_or_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "hook.secret"
    file.write_text(f"{SECRET.serialized()}\n{OLD.serialized()}\n")
    assert SecretFiles().secrets(str(file)) == (SECRET, OLD)
    monkeypatch.setenv("HOOK_SECRET", SECRET.serialized())
    assert SecretFiles().secrets("env:HOOK_SECRET") == (SECRET,)


@pytest.mark.parametrize("reference", ["no/such/file", "env:NO_SUCH_VARIABLE", "."])
def test_missing_secrets_are_configuration_errors(reference: str) -> None:
    with pytest.raises(ConfigurationError):
        SecretFiles().secrets(reference)


def test_a_made_secret_is_private_and_never_replaced(tmp_path: Path) -> None:
    file = tmp_path / "hook.secret"
    make_secret_file(file)
    before = file.read_text()
    make_secret_file(file)
    assert file.read_text() == before
    assert file.stat().st_mode & 0o077 == 0
