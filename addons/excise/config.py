"""Settings of the commands: defaults, then a file, then the environment, then the command line.

One table says what can be set. The file is `$EXCISE_CONFIG` or `excise/excise.yaml` in the
user's configuration folder; the environment's names are the settings' in capitals behind
`EXCISE_`. An unknown or impossible value is refused with the name of where it came from.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final

from excise.errors import ConfigError, PolicyError, closest
from excise.kinds import KINDS
from excise.strict import parse_yaml

# Where the settings are, what the launcher and `excise up` tell themselves, where peers are.
NOT_SETTINGS: Final = frozenset(
    {"EXCISE_CONFIG", "EXCISE_PYTHON", "EXCISE_NO_REEXEC", "EXCISE_PEERS"}
)

# What the proxy's process is started with. Of glibc, where each thread keeps what it freed in an
# arena of its own; and of the library behind numpy, whose products here are too small to share.
FRUGAL: Final = {"MALLOC_ARENA_MAX": "2", "OPENBLAS_NUM_THREADS": "1"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the commands were told. Sizes in bytes, times in seconds.

    `refusals`: `uniform` refuses everything with 400, `classic` with 403 for an attack, 400 for a
    topic, 500 for a leak in a response, 429 for a limit. `fail_status` answers our own faults.
    `deny_hosts` are LLM hosts that are refused whatever is asked of them. `decrypt_also` are hosts
    outside the catalogue that are decrypted to see whether they are models', and passed on.
    `learn` has endpoints and field names of bodies noted, for `excise learn export`; `allowed` is a
    document made of that: what it does not name is uninspectable (`unmodelled`).
    `proxy_protocol` names the networks of balancers that say whose a connection is;
    `balancer_names` takes from them, too, the name in the certificate that a client showed them.
    `http2` names the LLM hosts with which HTTP/2 is spoken, if the client does; `*.` before a name
    is all below it.
    `unknown_sni`, `ech` and `sni_mismatch` say what becomes of connections that show no name, hide
    it, or show another than was asked for; `tunnel_to` is where transparent mode relays what it
    does not read: to the address that a client chose, or to the name it shows.
    `auth` has clients show a password or a device's token (`excise user`, `excise token`), save
    those of the networks that the file `clients` maps; that file names groups, too.
    `proxy_certificate` is a file with the chain and key that the proxy itself shows to clients that
    speak TLS to it; `client_ca` vouches for theirs, `client_crl` lists the revoked ones,
    `client_name` is the name in them that they are known by.
    `ldap` is a directory that is asked for passwords of users who are not in the list of
    `excise user`, by a bind under the name that `ldap_bind` makes of theirs; `ldap_ca` vouches for
    it; below `ldap_groups` it is asked for their groups.
    `deep` is the operator's own model as KIND:MODEL (`spacy:en_core_web_sm`), `deep_seconds` what a
    message may wait for it; `decision_seconds` what an exchange may wait for all such detectors.
    `classifier` is the folder of the operator's own sequence classifier, an ONNX model.
    `judge` is an endpoint that speaks OpenAI's API, `judge_model` what is asked there as a judge,
    by `judge_template`; `judge_key` is a file with its key, `judge_same_family` has it asked about
    models of its own family, too.
    `policy_key` is the public key that the folder `policies` must be signed with to be in force.
    `limits_store` is where limits are counted: in a file that outlives the proxy, or in memory.
    `redis` is the server on which nodes share limits, placeholders, overrides and the kill switch;
    `redis_ca` vouches for it, `redis_cluster` says that it is a cluster. `nodes_key` are the 64 hex
    digits that all nodes are given: of placeholders, and of what lies on that server.
    `token_counts` is how tokens are counted for the trail where the provider did not.
    `audit_rotate` and `audit_rotate_hours` end an audit file; `audit_keep`, `audit_keep_bytes` and
    `audit_keep_days` remove the oldest full ones (0 sets no limit); `audit_pack` packs full ones.
    `resign` has signed bodies that were edited signed anew: `aws` by the credentials that botocore
    finds for this process.
    `metrics` is where metrics and health are served, nowhere if empty.
    `max_exchanges` and `max_held` (bytes of bodies) are what one worker carries at once; what comes
    beyond is refused.
    `audit_tunnels` has a line for each connection that came to nothing: its client refused our
    certificate, or it was refused for the names it showed; with `suspects` also for what looks like
    a model that the catalogue does not know, with `all` for every connection relayed unread.
    `audit_excerpts` has findings shown with so many characters around them, all that was found in
    these masked.
    `sinks` are where the lines of the trail are sent on to, each as `KIND://HOST:PORT#OPTIONS`;
    `alerts` where what asks for an alert is told at once: `stderr`, webhooks, or `none`.
    `answer_headers` has answers tell their verdict's id in headers: `off`, `on`, or for groups.
    `origins` says where each setting that is no default came from.
    """

    state_dir: Path
    ca_dir: Path
    audit: Path
    listen: str = "127.0.0.1:8080"
    metrics: str = ""
    mode: str = "forward"
    upstream: str = ""
    upstream_proxy: str = ""
    upstream_ca: Path | None = None
    resolve: tuple[str, ...] = ()
    allow_clients: tuple[str, ...] = ()
    proxy_protocol: tuple[str, ...] = ()
    balancer_names: bool = False
    http2: tuple[str, ...] = ()
    deny_hosts: tuple[str, ...] = ()
    decrypt_also: tuple[str, ...] = ()
    learn: bool = False
    allowed: Path | None = None
    unknown_sni: str = "refuse"
    ech: str = "fronts"
    sni_mismatch: str = "tunnel"
    tunnel_to: str = "address"
    auth: str = "none"
    clients: Path | None = None
    proxy_certificate: Path | None = None
    client_ca: Path | None = None
    client_crl: Path | None = None
    client_name: str = "cn"
    ldap: str = ""
    ldap_bind: str = ""
    ldap_ca: Path | None = None
    ldap_groups: str = ""
    profile: str = "balanced"
    deep: str = ""
    deep_seconds: float = 2.0
    decision_seconds: float = 2.0
    classifier: Path | None = None
    judge: str = ""
    judge_model: str = ""
    judge_template: str = "general"
    judge_key: Path | None = None
    judge_same_family: bool = False
    policies: Path | None = None
    policy_key: Path | None = None
    shadow: bool = False
    resign: str = ""
    workers: int = 1
    refusals: str = "uniform"
    fail_status: int = 400
    max_body: int = 20_000_000
    max_decoded: int = 40_000_000
    max_ratio: int = 200
    limits_store: str = "sqlite"
    redis: str = field(default="", repr=False)
    redis_ca: Path | None = None
    redis_cluster: bool = False
    nodes_key: str = field(default="", repr=False)
    token_counts: str = "estimate"
    drain_seconds: float = 10.0
    max_exchanges: int = 2_000
    max_held: int = 512_000_000
    tarpit_seconds: float = 60.0
    audit_queue: int = 10_000
    audit_rotate: int = 64_000_000
    audit_keep: int = 20
    audit_rotate_hours: float = 0
    audit_keep_bytes: int = 0
    audit_keep_days: float = 0
    audit_pack: str = "zstd"
    audit_tunnels: str = "failures"
    audit_excerpts: int = 0
    sinks: tuple[str, ...] = ()
    alerts: tuple[str, ...] = ("stderr",)
    answer_headers: tuple[str, ...] = ("off",)
    origins: Mapping[str, str] = field(default_factory=dict)

    @property
    def address(self) -> tuple[str, int]:
        """Host and port of `listen`; the host is empty where every address is meant."""
        return split_address(self.listen)

    @property
    def url(self) -> str:
        """Where a client on this machine reaches the proxy."""
        host, port = self.address
        host = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    @property
    def bundle(self) -> Path:
        """The public roots and our CA in one file, for clients whose setting replaces the store."""
        return self.state_dir / "bundle.pem"

    @property
    def truststore(self) -> Path:
        """The bundle in the form that Java reads."""
        return self.state_dir / "truststore.p12"


def split_address(listen: str) -> tuple[str, int]:
    """HOST:PORT in its two parts, an IPv6 address without its brackets."""
    host, _, port = listen.rpartition(":")
    return host.strip("[]"), int(port)


def load_settings(
    arguments: Mapping[str, Any] | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    platform: str = sys.platform,
) -> Settings:
    """The settings in force. `arguments` are those of the command line; None means not given.

    Raises `ConfigError` (EXC-CFG-001 for a value, EXC-CFG-003 for a file that cannot be read).
    """
    world = os.environ if environ is None else environ
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for given, origin_of in (
        _from_file(world, platform),
        _from_environment(world),
        _from_arguments(arguments or {}),
    ):
        for name, raw in given.items():
            values[name] = _parse(name, raw, origin_of(name))
            origins[name] = origin_of(name)
    state = values.setdefault("state_dir", default_state_dir(world, platform))
    values.setdefault("ca_dir", state / "ca")
    values.setdefault("audit", state / "audit" / "audit.jsonl")
    return Settings(**values, origins=origins)


def default_state_dir(environ: Mapping[str, str], platform: str) -> Path:
    """Where keys, the CA and the trail are kept (XDG base directories; Library on macOS)."""
    home = _home(environ)
    if platform == "darwin" and not environ.get("XDG_STATE_HOME"):
        return home / "Library" / "Application Support" / "excise"
    return _xdg(environ, "XDG_STATE_HOME", home / ".local" / "state") / "excise"


def default_file(environ: Mapping[str, str], platform: str) -> Path:
    """Where the settings file is looked for when `$EXCISE_CONFIG` names none."""
    home = _home(environ)
    if platform == "darwin" and not environ.get("XDG_CONFIG_HOME"):
        return home / "Library" / "Application Support" / "excise" / "excise.yaml"
    return _xdg(environ, "XDG_CONFIG_HOME", home / ".config") / "excise" / "excise.yaml"


_Given = tuple[Mapping[str, Any], Callable[[str], str]]


def _from_file(environ: Mapping[str, str], platform: str) -> _Given:
    named = environ.get("EXCISE_CONFIG", "")
    path = Path(named).expanduser() if named else default_file(environ, platform)
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        if not named:
            return {}, str
        raise ConfigError(
            "EXC-CFG-003", "there is no such file; wanted what $EXCISE_CONFIG names.", at=str(path)
        ) from None
    except (OSError, UnicodeDecodeError) as fault:
        why = fault.strerror if isinstance(fault, OSError) else "not UTF-8"
        raise ConfigError("EXC-CFG-003", f"cannot be read ({why}).", at=str(path)) from None
    if not text.strip():
        return {}, str
    try:
        node = parse_yaml(text, str(path))
        given = {name.replace("-", "_"): node.raw(name) for name in node}
    except PolicyError as fault:
        raise ConfigError("EXC-CFG-001", f"the settings file is wrong: {fault}") from None
    for name in node:
        _known(name.replace("-", "_"), name, node.at(name))
    lines = {name.replace("-", "_"): node.at(name) for name in node}
    return given, lines.__getitem__


def _from_environment(environ: Mapping[str, str]) -> _Given:
    given = {}
    for variable, text in environ.items():
        if variable.startswith("EXCISE_") and variable not in NOT_SETTINGS and text:
            name = variable.removeprefix("EXCISE_").lower()
            _known(name, variable, "environment")
            given[name] = text
    return given, lambda name: f"EXCISE_{name.upper()}"


def _from_arguments(arguments: Mapping[str, Any]) -> _Given:
    given = {
        name: value
        for name, value in arguments.items()
        if name in KINDS and value is not None and value != [] and value is not False
    }
    return given, lambda name: f"--{name.replace('_', '-')}"


def _known(name: str, shown: str, at: str) -> None:
    if name not in KINDS:
        raise ConfigError(
            "EXC-CFG-001",
            f'unknown setting "{shown}".',
            at=at,
            hint=closest(name, KINDS) or f"Known: {', '.join(KINDS)}.",
        )


def _parse(name: str, raw: Any, origin: str) -> Any:
    kind = KINDS[name]
    try:
        return kind.parse(raw)
    except (ValueError, TypeError):
        # A proxy URL may hold a password, so what was got is not repeated.
        raise ConfigError(
            "EXC-CFG-001", f"{name} has a value it cannot have; wanted {kind.wanted}.", at=origin
        ) from None


# The table and the values must not drift apart; a test compares them with this.
SETTING_NAMES: Final = tuple(each.name for each in fields(Settings) if each.name != "origins")


def _home(environ: Mapping[str, str]) -> Path:
    return Path(environ["HOME"]) if environ.get("HOME") else Path.home()


def _xdg(environ: Mapping[str, str], variable: str, default: Path) -> Path:
    # The specification has relative paths ignored.
    named = Path(environ.get(variable, ""))
    return named if named.is_absolute() else default
