"""`excise dashboard`: the trail as a page, for a browser on this machine."""

from __future__ import annotations

import argparse
import asyncio
import getpass
import signal
import ssl
import webbrowser
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from excise import __version__
from excise.assemble import read_limits
from excise.cli.audit_propose import proposals_of
from excise.cli.options import settings_of
from excise.config import Settings, split_address
from excise.errors import ConfigError, ExciseError
from excise.folders import open_folders
from excise.kinds import KINDS
from excise.ledger import counters_of
from excise.state.counters import Charge

HERE: Final = "127.0.0.1:8788"
_LOCAL: Final = frozenset({"127.0.0.1", "localhost", "::1"})


def add_parser(subparsers: Any) -> None:
    """`excise dashboard`."""
    parser = subparsers.add_parser("dashboard", help="the trail as a page")
    parser.add_argument("--at", default=HERE, metavar="HOST:PORT", help=f"default {HERE}")
    parser.add_argument(
        "--certificate", type=Path, metavar="FILE", help="PEM with its chain; needed beyond here"
    )
    parser.add_argument("--key", type=Path, metavar="FILE", help="its private key")
    parser.add_argument(
        "--name", action="append", default=[], metavar="HOST", help="what it may be called besides"
    )
    parser.add_argument("--open", action="store_true", help="open a browser")
    parser.add_argument("--audit", type=Path, metavar="FILE", help="the trail")
    parser.add_argument("--policies", type=Path, metavar="DIR", help="limits of your own")
    parser.add_argument("--profile", metavar="NAME|FILE", help="that thresholds are proposed for")
    parser.add_argument("--state-dir", type=Path, metavar="DIR", help="reviews and counters")
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Serve until it is stopped."""
    # Loaded only here: the other commands need no server.
    from excise.dashboard.desk import Books, build_desk
    from excise.dashboard.server import Place, serve

    settings = settings_of(args)
    place = _place(args, Place)
    books = Books(
        trail=settings.audit, state_dir=settings.state_dir, reviewer=getpass.getuser(),
        limits=lambda: limits_shown(settings), proposals=lambda: proposals_of(settings),
    )  # fmt: skip
    desk = build_desk(books, {"version": __version__})

    def ready(port: int) -> None:
        scheme = "https" if place.tls else "http"
        host = f"[{place.host}]" if ":" in place.host else place.host
        url = f"{scheme}://{host}:{port}/#token={desk.login.token}"
        print(f"{url}\nWhoever has this address can read the trail. Ctrl-C ends it.", flush=True)
        if args.open:
            webbrowser.open(url)

    async def main() -> None:
        stop = asyncio.Event()
        for each in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(each, stop.set)
        await serve(desk, place, ready, stop)

    try:
        asyncio.run(main())
    except OSError as fault:
        raise ConfigError("EXC-CFG-001", f"cannot listen ({fault.strerror}).", at=args.at) from None
    return 0


def limits_shown(settings: Settings) -> dict[str, Any]:
    """Every counter on which something stands, fullest first; `why` where there is none to show."""
    if settings.limits_store == "memory" and not settings.redis:
        return {"limits": [], "why": "Limits are counted in the memory of the proxy."}
    try:
        _, limits = read_limits(open_folders(settings.policies, settings.policy_key))
    except ExciseError as fault:
        return {"limits": [], "why": str(fault)}
    known = {each.id: each for each in limits.every}
    counters = counters_of(settings)
    rows: list[Mapping[str, Any]] = []
    for key, (at_most, seconds) in counters.keys().items():
        limit = known.get(key.partition("/")[0])
        if used := counters.used(Charge(key, at_most, seconds, 0)):
            rows.append({
                "key": key, "used": used, "limit": at_most, "seconds": seconds,
                "mode": str(limit.mode) if limit else "gone",
                "count": str(limit.count) if limit else "",
            })  # fmt: skip
    rows.sort(key=lambda row: (-row["used"] / max(row["limit"], 1), row["key"]))
    return {"limits": rows, "why": "" if rows else "Nothing is counted on any limit."}


def _place(args: argparse.Namespace, place: Any) -> Any:
    try:
        host, port = split_address(KINDS["metrics"].parse(args.at))
    except ValueError:
        raise ConfigError("EXC-CFG-001", "--at cannot be read; wanted HOST:PORT.") from None
    tls = None
    if args.certificate:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        try:
            tls.load_cert_chain(args.certificate, args.key)
        except OSError as fault:
            raise ConfigError(
                "EXC-CFG-003", f"the certificate cannot be used ({fault.strerror or fault}).",
                at=str(args.certificate),
            ) from None  # fmt: skip
    elif host not in _LOCAL:
        raise ConfigError(
            "EXC-CFG-002", "beyond this machine the page is served by TLS alone.", at=args.at,
            hint="Name --certificate and --key, or reach it through ssh -L.",
        )  # fmt: skip
    return place(host or "0.0.0.0", port, tuple(args.name), tls)
