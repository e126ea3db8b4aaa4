"""Lines as syslog messages: RFC 5424, over UDP (RFC 5426), TCP (RFC 6587, octet counting) or TLS
(RFC 5425). The message is the JSON of the line."""

from __future__ import annotations

import json
import os
import socket
import ssl
from collections.abc import Mapping, Sequence
from typing import Any, Final

from excise.audit.fields import Stage
from excise.audit.sinks.feeder import SinkFault
from excise.audit.sinks.target import Target
from excise.model import Action

_FACILITY: Final = 13  # log audit
_TIMEOUT: Final = 10.0
_MAX_DATAGRAM: Final = 65_507
_ERROR, _WARNING, _NOTICE, _INFO = 3, 4, 5, 6
_SEVERITIES: Final = {
    Stage.FAULT: _ERROR, Stage.GAP: _ERROR, Stage.RECOVERY: _WARNING, Stage.TUNNEL: _WARNING,
}  # fmt: skip


class Syslog:
    """A syslog server."""

    def __init__(self, target: Target) -> None:
        """Raises `OSError` where the CA file cannot be read."""
        self._target = target
        self._host = socket.gethostname() or "-"
        self._tls = None
        if target.scheme == "syslog+tls":
            ca = target.files.get("ca")
            self._tls = ssl.create_default_context(cafile=str(ca) if ca else None)
        self._socket: socket.socket | None = None

    def send(self, lines: Sequence[bytes]) -> None:
        """Send them; a broken connection is made anew before the next batch."""
        messages = [render(line, host=self._host, process=os.getpid()) for line in lines]
        if self._target.scheme == "syslog+udp":
            self._send_datagrams(messages)
            return
        try:
            connection = self._connected()
            connection.sendall(b"".join(b"%d %s" % (len(each), each) for each in messages))
        except OSError:
            self.close()
            raise

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _send_datagrams(self, messages: Sequence[bytes]) -> None:
        if any(len(each) > _MAX_DATAGRAM for each in messages):
            raise SinkFault("a line is too long for a datagram; use TCP or TLS", lasting=True)
        where = socket.getaddrinfo(self._target.host, self._target.port, type=socket.SOCK_DGRAM)[0]
        with socket.socket(where[0], socket.SOCK_DGRAM) as sender:
            for message in messages:
                sender.sendto(message, where[4])

    def _connected(self) -> socket.socket:
        if self._socket is not None and _is_gone(self._socket):
            self.close()
        if self._socket is None:
            address = (self._target.host, self._target.port)
            plain = socket.create_connection(address, _TIMEOUT)
            if self._tls is None:
                self._socket = plain
            else:
                try:
                    self._socket = self._tls.wrap_socket(plain, server_hostname=address[0])
                except OSError:
                    plain.close()
                    raise
        return self._socket


def render(line: bytes, *, host: str, process: int) -> bytes:
    """One message (RFC 5424 §6) from one line of the trail, which is ASCII."""
    record = json.loads(line)
    priority = _FACILITY * 8 + _severity(record)
    head = f"<{priority}>1 {record['time']} {host} excise {process} {record['stage']} - "
    return head.encode("ascii", "replace") + line


def _severity(record: Mapping[str, Any]) -> int:
    if found := _SEVERITIES.get(record["stage"]):
        return found
    action = record.get("action", "")
    if action in (Action.BLOCK, Action.LIMIT, Action.TARPIT):
        return _WARNING
    return _INFO if action in ("", Action.ALLOW, Action.LOG) else _NOTICE


def _is_gone(connection: socket.socket) -> bool:
    """Whether the server has closed it, which a first write would not notice."""
    connection.setblocking(False)
    try:
        return connection.recv(1) == b""
    except (BlockingIOError, ssl.SSLWantReadError):
        return False
    except OSError:
        return True
    finally:
        connection.settimeout(_TIMEOUT)
