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
from typing import Any, Final, NamedTuple

from excise.errors import ConfigError, PolicyError, closest
from excise.strict import parse_yaml

MODELS: Final = ("spacy", "presidio", "transformers")
MODES: Final = ("forward", "reverse", "transparent")
REFUSALS: Final = ("uniform", "classic")
SIGNERS: Final = ("aws",)
# Where the settings are, what the launcher and `excise up` tell themselves, where peers are.
NOT_SETTINGS: Final = frozenset(
    {"EXCISE_CONFIG", "EXCISE_PYTHON", "EXCISE_NO_REEXEC", "EXCISE_PEERS"}
)

_TRUE: Final = frozenset({"1", "true", "yes"})
_FALSE: Final = frozenset({"0", "false", "no"})

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
    `proxy_protocol` names the networks of balancers that say whose a connection is.
    `unknown_sni`, `ech` and `sni_mismatch` say what becomes of connections that show no name, hide
    it, or show another than was asked for; `tunnel_to` is where transparent mode relays what it
    does not read: to the address that a client chose, or to the name it shows.
    `auth` has clients show a password or a device's token (`excise user`, `excise token`), save
    those of the networks that the file `clients` maps; that file names groups, too.
    `ldap` is a directory that is asked for passwords of users who are not in the list of
    `excise user`, by a bind under the name that `ldap_bind` makes of theirs; `ldap_ca` vouches for
    it.
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
    ldap: str = ""
    ldap_bind: str = ""
    ldap_ca: Path | None = None
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


class _Kind(NamedTuple):
    """How a value is read: from YAML or the command line, from a text, and what is wanted."""

    parse: Callable[[Any], Any]
    wanted: str


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


def _text(raw: Any) -> str:
    if not isinstance(raw, str) or not raw.strip() or not raw.isprintable():
        raise ValueError
    return raw.strip()


def _path(raw: Any) -> Path:
    if isinstance(raw, Path):
        return raw.expanduser().absolute()
    return Path(_text(raw)).expanduser().absolute()


def _texts(raw: Any) -> tuple[str, ...]:
    pieces = raw.replace(",", " ").split() if isinstance(raw, str) else raw
    if not isinstance(pieces, list | tuple):
        raise TypeError
    return tuple(_text(piece) for piece in pieces)


def _alone(*words: str) -> Callable[[Any], tuple[str, ...]]:
    """A list of texts, in which these words can only stand alone."""

    def parse(raw: Any) -> tuple[str, ...]:
        # YAML reads a bare on and off as booleans.
        texts = _texts(("off", "on")[raw] if isinstance(raw, bool) else raw)
        if not texts or (len(texts) > 1 and set(texts) & set(words)):
            raise ValueError
        return texts

    return parse


def _flag(raw: Any) -> bool:
    if isinstance(raw, bool):
        return raw
    word = _text(raw).lower()
    if word not in _TRUE | _FALSE:
        raise ValueError
    return word in _TRUE


def _listen(raw: Any) -> str:
    host, colon, port = _text(raw).rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 65_535:
        raise ValueError
    if ":" in host and not (host.startswith("[") and host.endswith("]")):
        raise ValueError
    return f"{host}:{int(port)}"


def _choice(*known: str) -> _Kind:
    def parse(raw: Any) -> str:
        if raw not in known:
            raise ValueError
        return str(raw)

    return _Kind(parse, " or ".join(known))


def _whole(low: int, high: int) -> _Kind:
    def parse(raw: Any) -> int:
        if isinstance(raw, bool | float):
            raise TypeError
        number = int(str(raw).replace("_", "")) if isinstance(raw, str) else int(raw)
        if not low <= number <= high:
            raise ValueError
        return number

    return _Kind(parse, f"a whole number from {low} to {high}")


def _number(high: float) -> Callable[[Any], float]:
    def parse(raw: Any) -> float:
        if isinstance(raw, bool):
            raise TypeError
        number = float(raw)
        if not 0 <= number <= high:
            raise ValueError
        return number

    return parse


def _model(raw: Any) -> str:
    kind, mark, _ = str(raw).partition(":")
    if raw and (kind not in MODELS or not mark):
        raise ValueError
    return str(raw)


def _digits(raw: Any) -> str:
    text = _text(raw)
    if len(bytes.fromhex(text)) != 32 or len(text) != 64:
        raise ValueError
    return text


def _status(raw: Any) -> int:
    number = int(raw)
    if number not in (400, 503):
        raise ValueError
    return number


_PATH: Final = _Kind(_path, "a path")
_TEXT: Final = _Kind(_text, "a text")
_TEXTS: Final = _Kind(_texts, "a list of texts")
_FLAG: Final = _Kind(_flag, "true or false")

KINDS: Final[Mapping[str, _Kind]] = {
    "listen": _Kind(_listen, "HOST:PORT such as 127.0.0.1:8080"),
    "metrics": _Kind(_listen, "HOST:PORT such as 127.0.0.1:9464"),
    "mode": _choice(*MODES),
    "upstream": _TEXT,
    "upstream_proxy": _TEXT,
    "upstream_ca": _PATH,
    "resolve": _TEXTS,
    "allow_clients": _TEXTS,
    "proxy_protocol": _TEXTS,
    "deny_hosts": _TEXTS,
    "decrypt_also": _TEXTS,
    "learn": _FLAG,
    "allowed": _PATH,
    "unknown_sni": _choice("refuse", "tunnel"),
    "ech": _choice("fronts", "refuse", "tunnel"),
    "sni_mismatch": _choice("refuse", "tunnel"),
    "tunnel_to": _choice("address", "name"),
    "auth": _choice("none", "required"),
    "clients": _PATH,
    "ldap": _TEXT,
    "ldap_bind": _TEXT,
    "ldap_ca": _PATH,
    "profile": _TEXT,
    "deep": _Kind(_model, "KIND:MODEL with one of spacy, presidio, transformers"),
    "deep_seconds": _Kind(_number(3600), "seconds from 0 to 3600"),
    "decision_seconds": _Kind(_number(3600), "seconds from 0 to 3600"),
    "classifier": _PATH,
    "judge": _TEXT,
    "judge_model": _TEXT,
    "judge_template": _TEXT,
    "judge_key": _PATH,
    "judge_same_family": _FLAG,
    "policies": _PATH,
    "policy_key": _PATH,
    "shadow": _FLAG,
    "resign": _choice(*SIGNERS),
    "workers": _whole(1, 256),
    "refusals": _choice(*REFUSALS),
    "fail_status": _Kind(_status, "400 or 503"),
    "max_body": _whole(1_000, 10**10),
    "max_decoded": _whole(1_000, 10**10),
    "max_ratio": _whole(1, 100_000),
    "limits_store": _choice("sqlite", "memory"),
    "redis": _TEXT,
    "redis_ca": _PATH,
    "redis_cluster": _FLAG,
    "nodes_key": _Kind(_digits, "64 hex digits"),
    "token_counts": _choice("estimate", "exact"),
    "max_exchanges": _whole(1, 10**6),
    "max_held": _whole(10**6, 10**12),
    "drain_seconds": _Kind(_number(3600), "seconds from 0 to 3600"),
    "tarpit_seconds": _Kind(_number(600), "seconds from 0 (refuse at once) to 600"),
    "state_dir": _PATH,
    "ca_dir": _PATH,
    "audit": _PATH,
    "audit_queue": _whole(1, 10**7),
    "audit_rotate": _whole(1_000, 10**12),
    "audit_keep": _whole(0, 10**6),
    "audit_rotate_hours": _Kind(_number(24 * 366), "hours from 0 (never) to 8784"),
    "audit_keep_bytes": _whole(0, 10**15),
    "audit_keep_days": _Kind(_number(36_525), "days from 0 (no limit) to 36525"),
    "audit_pack": _choice("zstd", "gzip", "none"),
    "audit_tunnels": _choice("failures", "suspects", "all", "off"),
    "sinks": _TEXTS,
    "alerts": _Kind(_alone("none"), "a list of stderr and webhooks, or none"),
    "answer_headers": _Kind(_alone("off", "on"), "off, on or a list of groups"),
}

# The table and the values must not drift apart; a test compares them with this.
SETTING_NAMES: Final = tuple(each.name for each in fields(Settings) if each.name != "origins")


def _home(environ: Mapping[str, str]) -> Path:
    return Path(environ["HOME"]) if environ.get("HOME") else Path.home()


def _xdg(environ: Mapping[str, str], variable: str, default: Path) -> Path:
    # The specification has relative paths ignored.
    named = Path(environ.get(variable, ""))
    return named if named.is_absolute() else default
