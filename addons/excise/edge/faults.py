"""What a fault is, and the strictest answer each event without a flow can still give."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from excise.errors import StateError
from excise.model import RefusalClass


class Fault(NamedTuple):
    """A hook that raised, as far as it may be told: never the text of the exception."""

    reference: str
    where: str
    kind: str
    cls: RefusalClass = RefusalClass.FAULT


def class_of(fault: BaseException) -> RefusalClass:
    """In whose words the client is told of it."""
    away = isinstance(fault, StateError) and fault.code == "EXC-STA-006"
    return RefusalClass.AWAY if away else RefusalClass.FAULT


# Each takes the event's argument and returns the id of the client connection that must carry
# nothing more, or None where refusing this one event is enough.
Answer = Callable[[Any], str | None]


def _client_connected(client: Any) -> str | None:
    client.error = "refused"
    return str(client.id)


def _server_connect(data: Any) -> str | None:
    data.server.error = "refused"
    return None


def _tls_clienthello(data: Any) -> str | None:
    data.ignore_connection = False
    data.establish_server_tls_first = False
    return str(data.context.client.id)


def _tls_start(data: Any) -> str | None:
    data.ssl_conn = None  # without one mitmproxy closes the connection
    return None


def _tls_other(data: Any) -> str | None:
    return str(data.context.client.id)


def _socks5_auth(data: Any) -> str | None:
    data.valid = False
    return None


ANSWERS: Final[dict[str, Answer]] = {
    "client_connected": _client_connected,
    "server_connect": _server_connect,
    "server_connected": lambda data: str(data.client.id),
    "tls_clienthello": _tls_clienthello,
    "tls_start_client": _tls_start,
    "tls_start_server": _tls_start,
    "tls_established_client": _tls_other,
    "tls_established_server": _tls_other,
    "socks5_auth": _socks5_auth,
}
