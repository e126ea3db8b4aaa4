"""`excise up`: run the proxy until it is told to stop."""

from __future__ import annotations

import argparse
import os
import resource
import secrets
import select
import signal
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.panel import Panel
from rich.table import Table

from excise.assemble import Engine, prepare, settle
from excise.audit.fields import Stage
from excise.cli.authority import ensure_authority, unvouched
from excise.cli.supervise import Seat, Supervisor
from excise.config import FRUGAL, load_settings
from excise.config import Settings as Config
from excise.edge.doubt import Doubts
from excise.edge.master import serve
from excise.edge.parts import open_trail, policy_stamp, read_engine, stage_record
from excise.edge.resolve import open_listener
from excise.edge.settings import (
    Settings,
    parse_hosts,
    parse_networks,
    parse_proxy,
    parse_redirect,
    parse_url,
)
from excise.edge.watched import gathered, watched
from excise.errors import AuditError, ConfigError, ExciseError
from excise.ledger import check_nodes, open_ledger
from excise.state.directory import Directory
from excise.state.shared import NAME, Shared
from excise.state.shelf import clear_shelf

NO_REEXEC: Final = "EXCISE_NO_REEXEC"
METRICS: Final = "metrics"  # the worker that adds up the numbers of the others


def add_parser(subparsers: Any) -> None:
    """`excise up` and its options."""
    parser = subparsers.add_parser("up", help="run the proxy")
    add = parser.add_argument
    add("--listen", metavar="HOST:PORT", help="default 127.0.0.1:8080; port 0 takes a free one")
    add("--metrics", metavar="HOST:PORT", help="serve /metrics, /healthz and /readyz there")
    add("--mode", help="forward (default), reverse or transparent")
    add("--upstream", metavar="URL", help="reverse mode: the provider to stand in front of")
    add("--profile", metavar="NAME|FILE", help="default balanced")
    add("--shadow", action="store_true", default=None, help="record what would be done, do nothing")
    add("--workers", metavar="N", help="processes that serve")
    add("--upstream-proxy", metavar="URL", help="go out through this proxy")
    add("--upstream-ca", metavar="FILE", help="trust these CAs upstream, beside the public ones")
    add("--resolve", metavar="HOST[:PORT]=ADDR:PORT", action="append",
        help="reach a host there; * for every host; repeatable")  # fmt: skip
    add("--allow-clients", metavar="CIDR", action="append",
        help="networks whose clients may use a proxy that listens beyond this machine")  # fmt: skip
    add("--proxy-protocol", metavar="CIDR", action="append",
        help="networks of balancers, which then must send the PROXY protocol")  # fmt: skip
    add("--balancer-names", action="store_true", default=None,
        help="take from balancers the name in a client's certificate, too")  # fmt: skip
    add("--http2", metavar="NAME", action="append",
        help="an LLM host to speak HTTP/2 with; *.NAME for all below it; repeatable")  # fmt: skip
    add("--learn", action="store_true", default=None,
        help="note endpoints and field names, for excise learn export")  # fmt: skip
    add("--allowed", metavar="FILE", help="what excise learn export wrote, as you pruned it")
    add(
        "--decrypt-also",
        metavar="NAME",
        action="append",
        help="decrypt this host too, to see whether it is a model's",
    )
    add("--deny-hosts", metavar="NAME", action="append",
        help="an LLM host that is not approved; *.NAME for all below it; repeatable")  # fmt: skip
    add("--auth", metavar="WORD", help="required: clients say who they are; none (default)")
    add("--clients", metavar="FILE", help="who clients are by network, and groups of users")
    add("--proxy-certificate", metavar="FILE", help="chain and key for TLS to the proxy itself")
    add("--client-ca", metavar="FILE", help="ask for clients' certificates, which this vouches for")
    add("--client-crl", metavar="FILE", help="which of them were revoked")
    add("--ca-dir", metavar="DIR", help="where the interception CA is")
    add("--state-dir", metavar="DIR", help="where keys and caches are")
    add("--audit", metavar="FILE", help="the audit trail")
    add(
        "--judge", metavar="URL", help="an endpoint of OpenAI's API whose model is asked as a judge"
    )
    add("--judge-template", metavar="NAME|FILE", help="how it is asked; default general")
    add("--judge-model", metavar="NAME", help="the model that is asked there")
    add("--classifier", metavar="DIR", help="an ONNX classifier of your own, for texts left open")
    add("--deep", metavar="KIND:MODEL", help="a model of your own, such as spacy:en_core_web_lg")
    add("--policies", metavar="DIR", help="packs and profiles of your own")
    add("--max-body", metavar="BYTES", help="larger messages are refused as uninspectable")
    add("--drain-seconds", metavar="S", help="how long exchanges under way may take at the end")
    add("--tarpit-seconds", metavar="S", help="how long a refusal in the tarpit takes")
    add("--set", metavar="NAME=VALUE", action="append", default=[], dest="options",
        help="an option of mitmproxy, where it opens no hole")  # fmt: skip
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Serve; the exit status once stopped. Raises `ExciseError` before the port is open."""
    _optimise()
    config = load_settings(vars(args))
    settings = _edge_settings(config, args.options).checked()
    check_nodes(config)
    if config.workers > 1:
        return supervised(config, settings)
    engine = read_engine(config)
    _tell_expired(engine)
    ca = ensure_authority(config)
    _tell_unvouched(config, engine)
    _raise_file_limit()
    settle()
    with open_trail(config, _say) as trail:
        trail.commit_sync(stage_record(engine, Stage.START))
        with watched(config, engine, trail, open_ledger(config)) as parts:
            serve(settings, parts, _when_ready(config, engine, ca.cert_pem, _later))
        with suppress(AuditError):
            trail.commit_sync(stage_record(engine, Stage.STOP))
    return 0


def supervised(config: Config, settings: Settings) -> int:
    """Serve with several workers on one port. Raises `ExciseError` before the port is open."""
    if config.limits_store == "memory" and not config.redis:
        raise ConfigError(
            "EXC-CFG-001",
            "limits-store memory belongs to one worker: each would count a budget of its own.",
            hint="Leave limits-store at sqlite, or --workers at 1.",
        )
    # A model of the operator's lives in a child of each worker; the policy is read without it.
    stock = Stock(replace(config, deep="", classifier=None))
    engine = stock.engine
    _tell_expired(engine)
    ca = ensure_authority(config)
    _tell_unvouched(config, engine)
    _raise_file_limit()
    clear_shelf(config.state_dir / NAME)
    key = secrets.token_bytes(32)
    listener = _listen(settings)
    host, port, *_ = listener.getsockname()
    settle()

    def work(seat: Seat) -> int:
        if seat.name == METRICS:
            return _gather(config, seat)
        own = config.deep or config.classifier
        mine = read_engine(config) if own else stock.engine
        place = replace(settings, listen_port=port)
        try:
            _work(config, place, mine, open_ledger(config, key), seat, listener)
        except ExciseError as fault:
            _say(f"excise: {fault}")
            return fault.status
        return 0

    names = [str(number + 1) for number in range(config.workers)]
    supervisor = Supervisor(
        work,
        [*names, METRICS] if config.metrics else names,
        drain=config.drain_seconds,
        apart=METRICS,
        say=_say,
        ready=lambda: _when_ready(config, engine, ca.cert_pem)(host, port),
        renew=stock.renew,
        closing=listener.close,
    )
    return supervisor.run()


def _work(
    config: Config,
    settings: Settings,
    engine: Engine,
    shared: Shared | None,
    seat: Seat,
    listener: socket.socket,
) -> None:
    """One worker, from its start line to its stop line."""
    with open_trail(config, _say, seat.name) as trail:
        trail.commit_sync(stage_record(engine, Stage.START))
        with watched(config, engine, trail, shared, seat.name) as parts:
            if seat.died:
                parts.notice("worker-died", f"w{seat.name}:{seat.died}")
            serve(
                settings,
                parts,
                lambda host, port: seat.tell_ready(),
                listener=listener,
                lifeline=seat.lifeline,
            )
        with suppress(AuditError):
            trail.commit_sync(stage_record(engine, Stage.STOP))


def _gather(config: Config, seat: Seat) -> int:
    """The numbers of all workers on one port, until asked to end."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    try:
        with gathered(config):
            seat.tell_ready()
            while not stop.wait(0.2) and not select.select([seat.lifeline], [], [], 0)[0]:
                pass
    except ExciseError as fault:
        _say(f"excise: {fault}")
        return fault.status
    return 0


class Stock:
    """The policy that workers are forked with: parsed once, shared page by page."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._stamp = policy_stamp(config)
        self.engine = self._read()

    def renew(self) -> None:
        """Read it anew where its files have changed; one that does not load leaves the last good
        one."""
        stamp = policy_stamp(self._config)
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self.engine = self._read()
        except ExciseError as fault:
            _say(f"the new policy is not used, the last good one stays: {fault}")
        settle()

    def _read(self) -> Engine:
        engine = read_engine(self._config)
        # Once for all workers, none of which may be forked beside a thread.
        prepare(engine, lambda seconds: None)
        return engine


def _listen(settings: Settings) -> socket.socket:
    try:
        return open_listener(settings.listen_host, settings.listen_port)
    except OSError as fault:
        raise ConfigError(
            "EXC-CFG-003",
            f"cannot listen on {settings.listen_host}:{settings.listen_port} ({fault.strerror}).",
            hint="Name another with --listen.",
        ) from None


def _tell_expired(engine: Engine) -> None:
    for each in engine.expired:
        _say(f"{each.origin}: this exception ended on {each.until}; remove it, or grant it anew.")


def _tell_unvouched(config: Config, engine: Engine) -> None:
    if missing := unvouched(config, engine.catalogue):
        _say(f"the CA may not vouch for {', '.join(missing)}: clients refuse it there. Make a "
             "newer one: excise ca rotate.")  # fmt: skip


def _edge_settings(config: Config, options: list[str]) -> Settings:
    host, port = config.address
    proxy, auth = parse_proxy(config.upstream_proxy) if config.upstream_proxy else ("", "")
    return Settings(
        ca_dir=config.ca_dir,
        state_dir=config.state_dir,
        # What a gateway hands over comes by IPv4 and by IPv6.
        listen_host=host or ("" if config.mode == "transparent" else "0.0.0.0"),
        listen_port=port,
        mode=config.mode,
        upstream=parse_url(config.upstream, "--upstream") if config.upstream else "",
        upstream_proxy=proxy,
        upstream_auth=auth,
        upstream_ca=config.upstream_ca,
        resolve=tuple(parse_redirect(text) for text in config.resolve),
        allow_clients=parse_networks(config.allow_clients),
        balancers=parse_networks(config.proxy_protocol, "--proxy-protocol"),
        balancer_names=config.balancer_names,
        http2=parse_hosts(config.http2, "--http2"),
        deny_hosts=parse_hosts(config.deny_hosts),
        decrypt_also=parse_hosts(config.decrypt_also, "--decrypt-also"),
        doubts=Doubts(config.unknown_sni, config.ech, config.sni_mismatch, config.tunnel_to),
        auth=config.auth == "required",
        clients_file=config.clients,
        proxy_certificate=config.proxy_certificate,
        client_ca=config.client_ca,
        client_crl=config.client_crl,
        client_name=config.client_name,
        directory=_directory(config),
        body_limit=config.max_body,
        drain_seconds=config.drain_seconds,
        max_exchanges=config.max_exchanges,
        max_held=config.max_held,
        options=tuple(_split_option(text) for text in options),
    )


def _directory(config: Config) -> Directory | None:
    if not config.ldap:
        return None
    return Directory(config.ldap, config.ldap_bind, config.ldap_ca, config.ldap_groups)


def _split_option(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise ConfigError("EXC-CFG-001", f'--set "{text}" cannot be read; wanted NAME=VALUE.')
    return name.strip(), value


def _optimise() -> None:
    """Start over with `python -O`: the host checks every dataclass field it sets otherwise. And
    with few arenas of memory: each thread keeps what it freed in its own."""
    if sys.flags.optimize or os.environ.get(NO_REEXEC) or not sys.argv[0]:
        return
    environment = {**FRUGAL, **os.environ, NO_REEXEC: "1"}
    words = [sys.executable, "-O", "-m", "excise", *sys.argv[1:]]
    sys.stdout.flush()
    os.execve(sys.executable, words, environment)


def _raise_file_limit() -> None:
    """Each exchange holds two sockets; the usual soft limit is 1024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 65_536 if hard == resource.RLIM_INFINITY else min(hard, 65_536)
    if soft < wanted:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _later(engine: Engine) -> None:
    threading.Thread(target=prepare, args=(engine,), daemon=True).start()


def _when_ready(
    config: Config, engine: Engine, ca: Path, then: Callable[[Engine], None] = lambda engine: None
) -> Callable[[str, int], None]:
    def ready(host: str, port: int) -> None:
        shown = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        Console(stderr=True).print(_panel(config, engine, ca, shown))
        print(f"ready {shown}", flush=True)
        then(engine)

    return ready


def _panel(config: Config, engine: Engine, ca: Path, address: str) -> Panel:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    packs = ", ".join(
        f"{use.name}{' (shadow)' if use.mode == 'shadow' else ''}"
        for use in engine.policy.profile.packs
    )
    table.add_row("listening", f"{address} ({config.mode})")
    table.add_row("profile", f"{engine.policy.profile.name}: {packs}")
    table.add_row("CA", str(ca))
    table.add_row("audit", str(config.audit))
    if config.metrics:
        table.add_row("metrics", f"http://{config.metrics}/metrics")
    if config.mode == "forward":
        url = f"http://{address}".replace("0.0.0.0", "127.0.0.1")
        table.add_row("one command", "excise run -- COMMAND")
        table.add_row("a whole shell", 'eval "$(excise env)"')
        table.add_row("by hand", f"HTTPS_PROXY={url}, and trust the CA above")
    elif config.mode == "transparent":
        table.add_row("the rules", "excise gateway show, then up (as root)")
    return Panel(table, title="Excise", title_align="left", expand=False)
