"""Lines arrive at the brokers of librdkafka's own cluster in their order; what no broker takes is
lost alone."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from confluent_kafka import Consumer, Producer

from excise.audit.sinks.feeder import SinkFault
from excise.audit.sinks.kafka import Kafka, key_of
from excise.audit.sinks.target import parse_target

LINES = [b'{"seq": %d, "worker": "w2"}' % number for number in range(20)]


@pytest.fixture(scope="module")
def broker() -> Iterator[str]:
    """A cluster of one broker that speaks the protocol over TCP, for as long as this client is."""
    holder = Producer({"bootstrap.servers": "unused", "test.mock.num.brokers": 1, "log_level": 0})
    (one,) = holder.list_topics(timeout=10).brokers.values()
    yield f"{one.host}:{one.port}"


def test_lines_are_messages_in_their_order_and_too_large_ones_are_lost_alone(broker: str) -> None:
    kafka = Kafka(parse_target(f"kafka://{broker}/trail"))
    kafka.send(LINES)
    with pytest.raises(SinkFault) as fault:
        kafka.send([b"x" * 2_000_000, LINES[0]])
    kafka.close()
    assert (fault.value.lasting, fault.value.lost) == (True, 1)
    assert str(fault.value) == "msg_size_too_large"
    reader = Consumer(
        {"bootstrap.servers": broker, "group.id": "g", "auto.offset.reset": "earliest"}
    )
    reader.subscribe(["trail"])
    got = []
    while len(got) < len(LINES) + 1:
        message = reader.poll(10)
        assert message is not None and message.error() is None
        got.append((message.key(), message.value()))
    reader.close()
    assert got == [(b"w2", line) for line in [*LINES, LINES[0]]]


def test_where_no_broker_answers_the_lines_are_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("excise.audit.sinks.kafka._TIMEOUT", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    kafka = Kafka(parse_target(f"kafka://127.0.0.1:{port}"))
    with pytest.raises(SinkFault) as fault:
        kafka.send(LINES[:2])
    assert not fault.value.lasting
    kafka.close()


@pytest.mark.parametrize(
    ("line", "key"),
    [(b'{"worker": "w2"}', b"w2"), (b'{"seq": 1}', b""), (b"[1]", b""), (b"\xff", b"")],
)
def test_a_line_is_keyed_by_its_trail(line: bytes, key: bytes) -> None:
    assert key_of(line) == key
