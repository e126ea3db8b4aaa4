"""Values that were looked at and accepted elsewhere, as digests: what a baseline of detect-secrets
holds (SHA-1 of each value, github.com/Yelp/detect-secrets, `core/potential_secret.py`)."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, Final

from excise.model import Kind
from excise.rules.schema import Excuse, Rule, Scope

_DIGEST: Final = re.compile(r"[0-9a-f]{40}")
_BECAUSE: Final = "A baseline of the operator's accepts it."


def digest_of(value: str) -> str:
    """As detect-secrets writes it."""
    raw = value.encode("utf-8", "surrogatepass")
    return hashlib.sha1(raw, usedforsecurity=False).hexdigest()


def is_digest(text: str) -> bool:
    """Whether this is one."""
    return _DIGEST.fullmatch(text) is not None


def parse_baseline(text: str) -> frozenset[str]:
    """The digests that a baseline accepts: all but those that were audited as real secrets.
    Raises ValueError where the text is none."""
    document = json.loads(text)
    results = document.get("results") if isinstance(document, dict) else None
    if not isinstance(results, dict):
        raise ValueError("no `results` in it")
    return frozenset(_accepted(entry) for entry in _entries(results) if not entry.get("is_secret"))


def _entries(results: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for entries in results.values():
        for entry in entries if isinstance(entries, list) else ():
            if isinstance(entry, dict):
                yield entry


def _accepted(entry: dict[str, Any]) -> str:
    digest = str(entry.get("hashed_secret", "")).lower()
    if not is_digest(digest):
        raise ValueError("an entry has no `hashed_secret`")
    return digest


def excused(rules: Iterable[Rule], digests: frozenset[str]) -> list[Rule]:
    """The rules, those that look for secrets with an excuse for values of these digests."""
    if not digests:
        return list(rules)
    excuse = Excuse(scope=Scope.SHA1, values=digests, because=_BECAUSE)
    return [
        replace(rule, unless=(*rule.unless, excuse)) if rule.kind is Kind.SECRET else rule
        for rule in rules
    ]
