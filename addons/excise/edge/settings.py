"""What `excise up` is told, checked before anything is opened."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from excise.edge.doubt import CAREFUL, Doubts
from excise.edge.load import MOST_EXCHANGES, MOST_HELD
from excise.edge.passage import DEFAULT_BODY_LIMIT
from excise.errors import ConfigError, closest
from excise.state.directory import Directory

_DENIED: Final = re.compile(r"(?:\*\.)?[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*")
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
MODES: Final = ("forward", "reverse", "transparent")

# Everything else of mitmproxy is ours to set: an option that opens a hole is not asked for by name
# here, it is simply not on this list.
OPEN_TO_OPERATORS: Final = frozenset(
    {
        "ciphers_client",
        "ciphers_server",
        "client_certs",
        "connect_addr",
        "key_size",
        "tcp_timeout",
        "tls_ecdh_curve_client",
        "tls_ecdh_curve_server",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Redirect:
    """One `--resolve`: where a host (and port, 0 for any) is really reached."""

    host: str
    port: int
    address: str
    address_port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything the embedded proxy is told; sizes in bytes, times in seconds."""

    ca_dir: Path
    state_dir: Path
    listen_host: str = "127.0.0.1"
    listen_port: int = 8080
    mode: str = "forward"
    upstream: str = ""  # reverse mode: the provider it stands in front of
    upstream_proxy: str = ""
    upstream_auth: str = ""
    upstream_ca: Path | None = None
    resolve: tuple[Redirect, ...] = ()
    allow_clients: tuple[Network, ...] = ()
    balancers: tuple[Network, ...] = ()  # whose word counts for who their clients are
    balancer_names: bool = False  # and for the certificates that clients showed them
    http2: tuple[str, ...] = ()  # LLM hosts with which HTTP/2 is spoken
    deny_hosts: tuple[str, ...] = ()  # LLM hosts that are not approved
    decrypt_also: tuple[str, ...] = ()  # other hosts that are decrypted, looked at and passed on
    doubts: Doubts = CAREFUL  # what else keeps a connection from being relayed unread
    auth: bool = False  # clients must say who they are
    clients_file: Path | None = None
    proxy_certificate: Path | None = None  # of the proxy itself, with its key
    client_ca: Path | None = None
    client_crl: Path | None = None
    client_name: str = "cn"
    directory: Directory | None = None  # asked for passwords of users who are in no list
    body_limit: int = DEFAULT_BODY_LIMIT
    drain_seconds: float = 10.0
    max_exchanges: int = MOST_EXCHANGES
    max_held: int = MOST_HELD
    options: tuple[tuple[str, str], ...] = ()  # mitmproxy's own, for what has no option here

    def checked(self) -> Settings:
        """These settings, or a `ConfigError` for what must not be."""
        if self.mode not in MODES:
            raise ConfigError(
                "EXC-CFG-001", f'--mode "{self.mode}" is unknown; wanted {", ".join(MODES)}.'
            )
        if self.mode == "reverse" and not self.upstream:
            raise ConfigError("EXC-CFG-001", "--mode reverse needs --upstream URL.")
        if self.upstream and self.mode != "reverse":
            raise ConfigError("EXC-CFG-001", "--upstream belongs to --mode reverse.")
        if self.upstream_proxy and self.mode != "forward":
            raise ConfigError("EXC-CFG-001", "--upstream-proxy belongs to --mode forward.")
        if self.auth and self.mode != "forward":
            raise ConfigError(
                "EXC-CFG-001",
                "--auth required belongs to --mode forward; elsewhere nothing can ask a client.",
                hint="Name networks in the file of --clients.",
            )
        if self.directory and not self.auth:
            raise ConfigError("EXC-CFG-001", "ldap belongs to --auth required.")
        if self.balancers and self.mode == "transparent":
            raise ConfigError(
                "EXC-CFG-001",
                "--proxy-protocol does not go with --mode transparent; there clients are known.",
            )
        self._check_certificates()
        self._check_reach()
        self._check_options()
        return self

    @property
    def reach(self) -> tuple[Network, ...]:
        """The networks whose clients are let in beside loopback: where they must say who they are
        and none is named, all."""
        if self.auth and not self.allow_clients:
            return (ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0"))
        return self.allow_clients

    def _check_certificates(self) -> None:
        if self.proxy_certificate and self.mode != "forward":
            raise ConfigError("EXC-CFG-001", "proxy-certificate belongs to --mode forward.")
        if self.client_ca and not self.proxy_certificate:
            raise ConfigError(
                "EXC-CFG-001",
                "client-ca needs proxy-certificate: clients show theirs to the proxy itself.",
            )
        if self.client_crl and not self.client_ca:
            raise ConfigError("EXC-CFG-001", "client-crl belongs to client-ca.")
        if self.balancer_names and not self.balancers:
            raise ConfigError("EXC-CFG-001", "balancer-names belongs to --proxy-protocol.")

    def _check_options(self) -> None:
        for name, _ in self.options:
            if name not in OPEN_TO_OPERATORS:
                code = "EXC-CFG-005"
                raise ConfigError(
                    code,
                    f"--set {name} is not left to the operator, since some values of it let "
                    "traffic pass unread.",
                    hint=closest(name, OPEN_TO_OPERATORS)
                    or f"Free to set: {', '.join(sorted(OPEN_TO_OPERATORS))}.",
                )

    def _check_reach(self) -> None:
        if not is_loopback(self.listen_host) and not self.allow_clients and not self.auth:
            raise ConfigError(
                "EXC-CFG-002",
                f'--listen "{self.listen_host}" is reached from beyond this machine, and nothing '
                "says who may use it.",
                hint="Add --allow-clients with the networks of your clients, or --auth required.",
            )


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a listening address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def parse_networks(texts: Sequence[str], option: str = "--allow-clients") -> tuple[Network, ...]:
    """CIDR networks, several in one text where commas part them. Raises `ConfigError`."""
    found = []
    for piece in ",".join(texts).split(","):
        if not piece.strip():
            continue
        try:
            found.append(ipaddress.ip_network(piece.strip(), strict=False))
        except ValueError:
            raise ConfigError(
                "EXC-CFG-001", f'{option} "{piece}" is no network; wanted 10.0.0.0/8.'
            ) from None
    return tuple(found)


def parse_hosts(texts: Sequence[str], option: str = "--deny-hosts") -> tuple[str, ...]:
    """Host names in lower case, `*.` before a name for all below it. Raises `ConfigError`."""
    for text in texts:
        if not _DENIED.fullmatch(text):
            raise ConfigError(
                "EXC-CFG-001", f'{option} "{text}" cannot be read; wanted NAME or *.NAME.'
            )
    return tuple(text.lower() for text in texts)


def parse_redirect(text: str) -> Redirect:
    """`HOST[:PORT]=ADDR:PORT`, HOST `*` for every host. Raises `ConfigError`."""
    name, equals, there = text.partition("=")
    if not equals or not name or not there:
        raise ConfigError(
            "EXC-CFG-001", f'--resolve "{text}" cannot be read; wanted HOST[:PORT]=ADDR:PORT.'
        )
    address, address_port = _split_port(there, "--resolve", "ADDR:PORT behind the =")
    host, port = name, 0
    if ":" in name and not name.endswith("]"):
        host, port = _split_port(name, "--resolve", "HOST[:PORT] before the =")
    try:
        address = str(ipaddress.ip_address(address))
    except ValueError:
        raise ConfigError(
            "EXC-CFG-001", f'--resolve "{text}" needs an IP address behind the =, not a name.'
        ) from None
    return Redirect(
        host=host.strip("[]").lower().rstrip("."),
        port=port,
        address=address,
        address_port=address_port,
    )


def parse_proxy(text: str) -> tuple[str, str]:
    """`http://[USER:PASSWORD@]HOST:PORT` → the URL without credentials, and those."""
    scheme, _, rest = text.partition("://")
    credentials, at, place = rest.rpartition("@")
    return parse_url(f"{scheme}://{place}", "--upstream-proxy"), unquote(credentials) if at else ""


def parse_url(text: str, option: str) -> str:
    """`scheme://host[:port]` of http or https, without path or credentials."""
    parts = urlsplit(text)
    try:
        port = parts.port
    except ValueError:
        port = -1
    plain = not parts.path.strip("/") and not parts.query and "@" not in parts.netloc
    if parts.scheme not in ("http", "https") or not parts.hostname or port == -1 or not plain:
        raise ConfigError(
            "EXC-CFG-001", f"{option} cannot be read; wanted http://HOST:PORT or https://HOST."
        )
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}:{port or (443 if parts.scheme == 'https' else 80)}"


def _split_port(text: str, option: str, wanted: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdigit() or int(port) > 65535:
        raise ConfigError("EXC-CFG-001", f'{option} "{text}" cannot be read; wanted {wanted}.')
    return host.strip("[]"), int(port)
