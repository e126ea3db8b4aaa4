"""What `excise doctor` sees of clients: who comes to the proxy, takes the CA, or goes past."""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from excise.audit.fields import Stage
from excise.audit.reader import find_last
from excise.catalogue import load_catalogue
from excise.cli.checks import SETTLE, Check, Status
from excise.cli.connections import (
    ESTABLISHED,
    LISTENING,
    PROC,
    Address,
    Connection,
    Process,
    find_holders,
    look_up,
    read_connections,
)
from excise.cli.gateway import addresses_of
from excise.cli.runtimes import CLIENTS, Client
from excise.cli.stub import HOST
from excise.cli.tryout import Probe, make_probe, see_led, see_trusting, version_of
from excise.config import Settings
from excise.errors import ExciseError
from excise.gateway import lookup_names
from excise.resources import policies_dir
from excise.state.ca import CaFiles, check_ca, not_vouched_for

AT_ONCE: Final = 4
LINES: Final = 5_000  # of the trail, from its end
LOOKUP_SECONDS: Final = 5.0
REFUSED: Final = "certificate-refused"
WEB: Final = (80, 443)
OWN_STORE: Final = "excise ca install; where it is pinned, its makers alone can change that"


# -- runtimes -------------------------------------------------------------------------------------


def check_clients(settings: Settings, environ: Mapping[str, str] | None = None) -> list[Check]:
    """Whether each runtime comes to the proxy and takes the CA, by a real request on loopback."""
    world = dict(os.environ if environ is None else environ)
    files = CaFiles.under(settings.ca_dir)
    if not files.key_and_cert.exists():
        return [Check("clients", Status.SKIP, "no CA yet", "excise ca create")]
    try:
        is_ours = not not_vouched_for(check_ca(files), [HOST])
    except ExciseError as fault:
        return [Check("clients", Status.FAIL, str(fault), "see the message")]
    asked = [client for client in CLIENTS if client.quick]
    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor(AT_ONCE) as pool:
        folder = Path(name)
        probe = make_probe(folder / "probe")

        def check(number: int) -> Check:
            home = folder / str(number)
            return check_client(asked[number], probe, files if is_ours else None, world, home)

        return list(pool.map(check, range(len(asked))))


def check_client(
    client: Client, probe: Probe, files: CaFiles | None, world: Mapping[str, str], folder: Path
) -> Check:
    """One of them; `files` are those of our CA, None where it may not vouch for this machine."""
    what = f"client: {client.name}"
    if not version_of(client, world):
        return Check(what, Status.SKIP, "not here")
    sight = see_led(client, probe, world, folder)
    if not sight.led:
        return Check(what, Status.WARN, "goes past the proxy, whatever is set", client.mend)
    if not sight.trusted:
        mend = client.mend or OWN_STORE
        status = Status.FAIL if client.trust else Status.WARN
        return Check(what, status, "comes to the proxy, but does not take a CA from us", mend)
    if files is None:
        return Check(what, Status.OK, "comes to the proxy, takes a CA from our settings")
    if see_trusting(client, files, world, folder):
        return Check(what, Status.OK, "comes to the proxy, takes the CA in this shell")
    return Check(what, Status.WARN, "takes the CA only with our settings", SETTLE)


# -- who refused our certificate ------------------------------------------------------------------


def check_pinned(settings: Settings) -> list[Check]:
    """Hosts whose clients would not take our certificate, by the end of the trail."""
    try:
        lines = find_last(settings.audit, LINES) if settings.audit.exists() else []
    except ExciseError as fault:
        return [Check("pinned clients", Status.WARN, str(fault), "excise audit verify")]
    tunnels = (line for line in lines if line.get("stage") == Stage.TUNNEL)
    refused = [line for line in tunnels if REFUSED in line.get("anomalies", ())]
    if not refused:
        return [Check("pinned clients", Status.OK, "none in the trail")]
    last = {str(line.get("host", "")): str(line.get("time", "")) for line in refused}
    counts = Counter(str(line.get("host", "")) for line in refused)
    return [
        Check(
            f"pinned client of {host}",
            Status.WARN,
            f"refused the certificate {count} times, last at {last[host]}",
            f"{SETTLE}; then {OWN_STORE}",
        )
        for host, count in counts.most_common()
    ]


# -- who goes past --------------------------------------------------------------------------------


def check_direct(settings: Settings, proc: Path = PROC) -> list[Check]:
    """Connections to addresses of LLM hosts that do not come from the proxy."""
    table = read_connections(proc)
    if not table:
        return [Check("direct connections", Status.SKIP, "this system does not show them")]
    open_now = [each for each in table if each.state == ESTABLISHED and each.far_port in WEB]
    suspects = [each for each in open_now if each.far.is_global]
    if not suspects:
        return [Check("direct connections", Status.OK, "none to the open internet")]
    catalogue = load_catalogue((policies_dir() / "hosts.yaml").read_text("utf-8"), "hosts.yaml")
    known = look_up(lookup_names(catalogue), addresses_of, LOOKUP_SECONDS)
    direct = [each for each in suspects if each.far in known]
    listening = [each for each in table if each.state == LISTENING]
    return judge_direct(direct, listening, known, settings, proc)


def judge_direct(
    direct: list[Connection],
    listening: list[Connection],
    known: Mapping[Address, str],
    settings: Settings,
    proc: Path = PROC,
) -> list[Check]:
    """Those that are not the proxy's own: it is who listens at the proxy's port."""
    ours = [each for each in listening if each.port == settings.address[1]]
    holders = find_holders({each.inode for each in (*direct, *ours)}, proc)
    pids = {holders[each.inode].pid for each in ours if each.inode in holders}
    uids = {each.uid for each in ours if each.inode not in holders}
    checks: dict[str, Check] = {}
    for each in direct:
        holder = holders.get(each.inode)
        if (holder.pid in pids) if holder else (each.uid in uids):
            continue
        who = f"{holder.name} ({holder.pid})" if holder else f"a program of user {each.uid}"
        found = f"is connected to an address of {known[each.far]}, past the proxy"
        checks[who] = Check(f"direct: {who}", Status.WARN, found, _mend(holder, settings))
    found = "none to an LLM host but the proxy's"
    return [*checks.values()] or [Check("direct connections", Status.OK, found)]


def _mend(holder: Process | None, settings: Settings) -> str:
    if holder is None:
        return "have that user look: excise doctor"
    if holder.proxy.rstrip("/") == settings.url:
        return "it ignores HTTPS_PROXY: set a proxy in its own settings, or use excise gateway"
    return f"start it again with our settings: excise run -- {holder.name}"


CHECKS: Final = (check_clients, check_pinned, check_direct)
