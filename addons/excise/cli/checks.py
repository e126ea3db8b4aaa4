"""What `excise doctor` looks at, one function a matter; each returns what it saw as values."""

from __future__ import annotations

import os
import shutil
import socket
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from importlib import metadata
from typing import Final, NamedTuple

from excise.audit.writer import AuditWriter
from excise.catalogue import load_catalogue
from excise.cli.env import NO_PROXY, PROXY, hides_llm_host
from excise.cli.run import answers
from excise.config import Settings
from excise.errors import ExciseError
from excise.resources import policies_dir
from excise.state.ca import CaFiles, check_ca

SOON: Final = timedelta(days=30)
FREE_BYTES: Final = 200_000_000
SETTLE: Final = 'eval "$(excise env)", or excise run -- CMD'
PACKAGES: Final = (
    "mitmproxy",
    "hyperscan",
    "presidio-analyzer",
    "spacy",
    "detect-secrets",
    "tiktoken",
    "pyyaml",
    "rich",
    "cryptography",
    "brotli",
    "zstandard",
)


class Status(StrEnum):
    """How a check went. Only `FAIL` makes doctor's exit status 1."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    SKIP = "skip"


class Check(NamedTuple):
    """One line of the report."""

    what: str
    status: Status
    found: str
    mend: str = ""


def check_interpreter(settings: Settings) -> list[Check]:
    """The Python that runs this, and the packages it needs."""
    version = ".".join(map(str, sys.version_info[:3]))
    fits = (3, 12) <= sys.version_info[:2] <= (3, 13)
    checks = [
        Check(
            "python",
            Status.OK if fits else Status.FAIL,
            version,
            "" if fits else "use Python 3.12 or 3.13",
        )
    ]
    missing = []
    for name in PACKAGES:
        try:
            metadata.version(name)
        except metadata.PackageNotFoundError:
            missing.append(name)
    host = "" if "mitmproxy" in missing else metadata.version("mitmproxy")
    if missing:
        found = f"missing: {', '.join(missing)}"
        checks.append(Check("packages", Status.FAIL, found, "run scripts/setup, or reinstall"))
    elif not host.startswith("12.2."):
        found = f"mitmproxy {host}"
        checks.append(Check("packages", Status.FAIL, found, "install mitmproxy 12.2"))
    else:
        checks.append(Check("packages", Status.OK, f"{len(PACKAGES)} found, mitmproxy {host}"))
    return checks


def check_settings(settings: Settings) -> list[Check]:
    """Which settings are not the defaults, and where they come from."""
    places = sorted({origin.rpartition(":")[0] or origin for origin in settings.origins.values()})
    found = ", ".join(places) if places else "defaults"
    return [Check("settings", Status.OK, found)]


def check_authority(settings: Settings) -> list[Check]:
    """The CA: there, owner-only, and not about to expire."""
    files = CaFiles.under(settings.ca_dir)
    if not files.key_and_cert.exists():
        found = f"none in {settings.ca_dir}"
        return [Check("CA", Status.WARN, found, "excise ca create, or excise up makes one")]
    try:
        certificate = check_ca(files)
    except ExciseError as fault:
        return [Check("CA", Status.FAIL, str(fault), "see the message")]
    ends = certificate.not_valid_after_utc
    left = ends - datetime.now(UTC)
    if left < timedelta(0):
        mend = "move the files away, then excise ca create"
        return [Check("CA", Status.FAIL, f"expired on {ends:%Y-%m-%d}", mend)]
    status = Status.WARN if left < SOON else Status.OK
    mend = "make a new one soon" if left < SOON else ""
    return [Check("CA", status, f"{files.cert_pem}, until {ends:%Y-%m-%d}", mend)]


def check_proxy_variables(
    settings: Settings, environ: Mapping[str, str] | None = None
) -> list[Check]:
    """Whether programs started from here would use the proxy, all of them."""
    world = os.environ if environ is None else environ
    checks = []
    for upper, lower in (PROXY[:2], PROXY[2:]):
        values = {name: world[name] for name in (upper, lower) if world.get(name)}
        checks.append(_check_pair(upper, lower, values, settings.url))
    catalogue = load_catalogue((policies_dir() / "hosts.yaml").read_text("utf-8"), "hosts.yaml")
    for name in NO_PROXY:
        for entry in world.get(name, "").split(","):
            if hidden := hides_llm_host(entry, catalogue):
                found = f'"{entry.strip()}" lets {hidden} past the proxy'
                checks.append(Check(name, Status.FAIL, found, f"take it out of {name}"))
    return checks


def _check_pair(upper: str, lower: str, values: Mapping[str, str], url: str) -> Check:
    what = f"{upper}, {lower}"
    if not values:
        return Check(what, Status.WARN, "not set in this shell", SETTLE)
    if len(set(values.values())) > 1:
        mend = f"set both; some programs read only {lower}, some only {upper}"
        return Check(what, Status.FAIL, "the two differ", mend)
    if any(value.rstrip("/") != url for value in values.values()):
        # Never shown: a proxy URL may hold a password.
        return Check(what, Status.WARN, f"not {url}", SETTLE)
    if len(values) == 1:
        found = f"only {next(iter(values))} is set"
        return Check(what, Status.WARN, found, "set both")
    return Check(what, Status.OK, url)


def check_port(settings: Settings) -> list[Check]:
    """Whether the proxy answers, or at least could."""
    if answers(settings):
        return [Check("port", Status.OK, f"something answers at {settings.url}")]
    host, port = settings.address
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as fault:
        found = f"{settings.listen} cannot be used: {fault.strerror}"
        return [Check("port", Status.FAIL, found, "choose another with --listen")]
    return [Check("port", Status.WARN, f"nothing answers at {settings.url}", "excise up")]


def check_policy(settings: Settings) -> list[Check]:
    """Whether the profile with its packs loads, examples of the profile included."""
    # Loaded here alone: it brings the scanner along, which other checks do not need.
    from excise.assemble import load_engine

    try:
        engine = load_engine(
            settings.profile,
            state_dir=settings.state_dir,
            policies=settings.policies,
            policy_key=settings.policy_key,
        )
    except ExciseError as fault:
        return [Check("policy", Status.FAIL, str(fault), "see the message")]
    found = f"{settings.profile}, {len(engine.policy.rules)} rules"
    return [Check("policy", Status.OK, found)]


def check_trail(settings: Settings) -> list[Check]:
    """Whether the audit trail can be opened for writing, and has room."""
    said: list[str] = []
    try:
        AuditWriter(settings.audit, notice=said.append).close()
        free = shutil.disk_usage(settings.audit.parent).free
    except ExciseError as fault:
        return [Check("audit trail", Status.FAIL, str(fault), "see the message")]
    if free < FREE_BYTES:
        found = f"{free // 1_000_000} MB free under {settings.audit.parent}"
        mend = "free the disk: traffic is refused while the trail cannot be written"
        return [Check("audit trail", Status.WARN, found, mend)]
    if said:
        return [Check("audit trail", Status.WARN, "; ".join(said), "look into it")]
    return [Check("audit trail", Status.OK, str(settings.audit))]


CHECKS: Final = (
    check_interpreter,
    check_settings,
    check_policy,
    check_trail,
    check_authority,
    check_port,
    check_proxy_variables,
)
