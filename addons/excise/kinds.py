"""What values settings can have, and how each is read from YAML, a text or the command line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

MODELS: Final = ("spacy", "presidio", "transformers")
MODES: Final = ("forward", "reverse", "transparent")
REFUSALS: Final = ("uniform", "classic")
SIGNERS: Final = ("aws",)

_TRUE: Final = frozenset({"1", "true", "yes"})
_FALSE: Final = frozenset({"0", "false", "no"})


class Kind(NamedTuple):
    """How a value is read: from YAML or the command line, from a text, and what is wanted."""

    parse: Callable[[Any], Any]
    wanted: str


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


def _choice(*known: str) -> Kind:
    def parse(raw: Any) -> str:
        if raw not in known:
            raise ValueError
        return str(raw)

    return Kind(parse, " or ".join(known))


def _whole(low: int, high: int) -> Kind:
    def parse(raw: Any) -> int:
        if isinstance(raw, bool | float):
            raise TypeError
        number = int(str(raw).replace("_", "")) if isinstance(raw, str) else int(raw)
        if not low <= number <= high:
            raise ValueError
        return number

    return Kind(parse, f"a whole number from {low} to {high}")


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


_PATH: Final = Kind(_path, "a path")
_TEXT: Final = Kind(_text, "a text")
_TEXTS: Final = Kind(_texts, "a list of texts")
_FLAG: Final = Kind(_flag, "true or false")

KINDS: Final[Mapping[str, Kind]] = {
    "listen": Kind(_listen, "HOST:PORT such as 127.0.0.1:8080"),
    "metrics": Kind(_listen, "HOST:PORT such as 127.0.0.1:9464"),
    "mode": _choice(*MODES),
    "upstream": _TEXT,
    "upstream_proxy": _TEXT,
    "upstream_ca": _PATH,
    "resolve": _TEXTS,
    "allow_clients": _TEXTS,
    "proxy_protocol": _TEXTS,
    "balancer_names": _FLAG,
    "http2": _TEXTS,
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
    "proxy_certificate": _PATH,
    "client_ca": _PATH,
    "client_crl": _PATH,
    "client_name": _choice("cn", "email", "dns", "uri"),
    "ldap": _TEXT,
    "ldap_bind": _TEXT,
    "ldap_ca": _PATH,
    "ldap_groups": _TEXT,
    "profile": _TEXT,
    "deep": Kind(_model, "KIND:MODEL with one of spacy, presidio, transformers"),
    "deep_seconds": Kind(_number(3600), "seconds from 0 to 3600"),
    "decision_seconds": Kind(_number(3600), "seconds from 0 to 3600"),
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
    "fail_status": Kind(_status, "400 or 503"),
    "max_body": _whole(1_000, 10**10),
    "max_decoded": _whole(1_000, 10**10),
    "max_ratio": _whole(1, 100_000),
    "limits_store": _choice("sqlite", "memory"),
    "redis": _TEXT,
    "redis_ca": _PATH,
    "redis_cluster": _FLAG,
    "nodes_key": Kind(_digits, "64 hex digits"),
    "token_counts": _choice("estimate", "exact"),
    "max_exchanges": _whole(1, 10**6),
    "max_held": _whole(10**6, 10**12),
    "drain_seconds": Kind(_number(3600), "seconds from 0 to 3600"),
    "tarpit_seconds": Kind(_number(600), "seconds from 0 (refuse at once) to 600"),
    "state_dir": _PATH,
    "ca_dir": _PATH,
    "audit": _PATH,
    "audit_queue": _whole(1, 10**7),
    "audit_rotate": _whole(1_000, 10**12),
    "audit_keep": _whole(0, 10**6),
    "audit_rotate_hours": Kind(_number(24 * 366), "hours from 0 (never) to 8784"),
    "audit_keep_bytes": _whole(0, 10**15),
    "audit_keep_days": Kind(_number(36_525), "days from 0 (no limit) to 36525"),
    "audit_pack": _choice("zstd", "gzip", "none"),
    "audit_excerpts": _whole(0, 200),
    "audit_tunnels": _choice("failures", "suspects", "all", "off"),
    "sinks": _TEXTS,
    "alerts": Kind(_alone("none"), "a list of stderr and webhooks, or none"),
    "answer_headers": Kind(_alone("off", "on"), "off, on or a list of groups"),
}
