"""Tries a client on loopback: does it come to the proxy, does it take the CA?

Nothing leaves the machine: the host that it is sent to exists nowhere (RFC 2606), the proxy and the
server behind it are stubs. What they saw decides, since programs tell of success in many ways.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from excise.cli.env import EXTEND_STORE, JAVA, NO_PROXY, PROXY, REPLACE_STORE, build_variables
from excise.cli.runtimes import Client, build_command, find_program
from excise.cli.stub import HOST, serve_stub
from excise.cli.stub_proxy import serve_proxy
from excise.state.bundle import ensure_bundle
from excise.state.ca import CaFiles, ensure_ca
from excise.state.truststore import ensure_truststore

NOWHERE: Final = "excise-probe.invalid"
PATIENCE: Final = 60.0  # compiling a program in Go takes that long
Variables = Callable[[str], Mapping[str, str]]


class Sight(NamedTuple):
    """What was seen: it came to the proxy; it accepted a certificate of the CA there."""

    led: bool
    trusted: bool


def version_of(client: Client, world: Mapping[str, str]) -> str:
    """Its version, as far as its number; "" where it, or its library, is not here."""
    program = find_program(client, world)
    done = _run([program, *client.version], world) if program else None
    if done is None or done.returncode:
        return ""
    first = next(iter(done.stdout.strip().splitlines()), "")
    shown = re.match(r".*?\d+\.[\w.]*", first)
    return shown[0] if shown else "unknown"


class Probe(NamedTuple):
    """A CA for trying alone, which may vouch for every name, and the variables that name it."""

    files: CaFiles
    variables: Variables


def make_probe(folder: Path) -> Probe:
    """Make one below `folder`; the real one may be limited to hosts that are not to be asked."""
    files = ensure_ca(folder / "ca")
    bundle = ensure_bundle(folder / "bundle.pem", files.cert_pem, {})
    store = ensure_truststore(folder / "truststore.p12", bundle)
    return Probe(
        files,
        lambda url: build_variables(url, extra=files.cert_pem, bundle=bundle, truststore=store),
    )


def see_led(client: Client, probe: Probe, world: Mapping[str, str], folder: Path) -> Sight:
    """Send it to a host that is nowhere, by a stub of a proxy."""
    with serve_stub(probe.files, name=NOWHERE) as stub, serve_proxy(stub.port) as proxy:
        settled = {**without_settings(world), **probe.variables(proxy.url)}
        post(client, settled, f"https://{NOWHERE}/", b"{}", folder)
        led = any(NOWHERE in authority for authority in proxy.asked)
        return Sight(led, stub.requests > 0)


def see_trusting(client: Client, files: CaFiles, world: Mapping[str, str], folder: Path) -> bool:
    """Whether it takes the CA as this environment is, without a proxy. Raises `StateError`."""
    direct = {name: text for name, text in world.items() if name not in (*PROXY, *NO_PROXY)}
    with serve_stub(files, name=HOST) as stub:
        post(client, {**direct, **dict.fromkeys(NO_PROXY, "*")}, stub.url, b"{}", folder)
        return stub.requests > 0


def post(
    client: Client,
    world: Mapping[str, str],
    url: str,
    data: bytes,
    folder: Path,
    under: Sequence[str] = (),
) -> subprocess.CompletedProcess[str] | None:
    """Have it post `data`, in a folder of its own; None where it is not here or does not end.

    `under` are words in front of its command, say those of `excise run --`.
    """
    program = find_program(client, world)
    if program is None:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    body = folder / "body.json"
    body.write_bytes(data)
    command = build_command(client, program, url=url, body=body, folder=folder)
    return _run([*under, *command], world)


def without_settings(world: Mapping[str, str]) -> dict[str, str]:
    """An environment without any of ours: what follows is all that leads a client."""
    ours = {*PROXY, *NO_PROXY, *EXTEND_STORE, *REPLACE_STORE, JAVA, "NODE_USE_ENV_PROXY"}
    return {name: text for name, text in world.items() if name not in ours}


def _run(command: list[str], world: Mapping[str, str]) -> subprocess.CompletedProcess[str] | None:
    try:
        return subprocess.run(
            command,
            env={**world, "GIT_TERMINAL_PROMPT": "0", "HOME": world.get("HOME", os.devnull)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
