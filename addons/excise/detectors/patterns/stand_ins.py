"""Whether a value is only a stand-in: words that say a secret goes here, not one.

Read by words instead of by one pattern, because manuals join them in endless ways:
`test_token_123`, `fill-me-in`, `thisisasecret1`. A value counts as a stand-in when nothing else is
in it: all letters are words of the tables below, the digits merely count.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from excise.detectors.patterns.runs import is_counted

# Words by which the one who wrote the value says that it is none.
_MARKS: Final = frozenset({
    "your", "yours", "my", "our", "test", "tests", "testing", "tester", "demo", "sample", "samples",
    "example", "examples", "dummy", "fake", "faux", "mock", "mocked", "stub", "foo", "bar", "baz",
    "qux", "lorem", "ipsum", "placeholder", "here", "fill", "fillme", "insert", "enter", "paste",
    "put", "replace", "provide", "provided", "generate", "generated", "random", "some", "any",
    "this", "not", "todo", "fixme", "tbd", "setme", "set", "hidden", "masked", "redacted",
    "removed", "blah", "bogus", "invalid", "goes", "only", "unused", "ignored", "used", "do", "use",
    "required", "optional", "unit", "integration", "ci", "stored", "rotated", "expires", "enabled",
    "disabled", "none", "missing", "unknown",
})  # fmt: skip
# Words for what a secret is, that say nothing by themselves.
_NAMES: Final = frozenset({
    "token", "tokens", "key", "keys", "api", "apikey", "auth", "credential", "credentials",
    "access", "client", "id", "tok", "sk", "pk", "x",
})  # fmt: skip
# Words that stand between those.
_REST: Final = frozenset({
    "password", "passwords", "passwd", "pass", "passphrase", "pwd", "secret", "secrets", "private",
    "public", "shared", "service", "bearer", "jwt", "oauth", "session", "signing", "webhook", "a",
    "an", "the", "is", "it", "of", "for", "to", "in", "on", "at", "by", "with", "from", "me", "you",
    "and", "or", "as", "be", "one", "no", "new", "old", "real", "really", "very", "super", "long",
    "strong", "secure", "safe", "string", "value", "values", "data", "name", "clear", "plain",
    "text", "user", "username", "db", "database", "app", "application", "prod", "production", "dev",
    "staging", "deploy", "local", "default", "vault", "keychain", "env", "environment", "config",
    "abc", "abcd", "xyz", "yes", "add", "server", "root", "admin", "account", "login", "word",
    "phrase", "see", "ask", "same", "manual", "field", "readme", "ticket", "since", "manager",
    "factor", "two", "who", "what", "where",
})  # fmt: skip
_WORDS: Final = _MARKS | _NAMES | _REST
_LONGEST: Final = max(map(len, _WORDS))
_PARTS: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+|.", re.DOTALL)
_COUNT: Final = re.compile(r"[0-9]{1,2}|0?123(?:4(?:5(?:6(?:7(?:8(?:90?)?)?)?)?)?)?|321")
_JOINTS: Final = frozenset("-_. :/")
_CLOSING: Final = frozenset("!?.*")
_MOST: Final = 64  # characters, beyond which nobody writes a stand-in


def not_stand_in(text: str) -> bool:
    """Not made of nothing but words for a value to fill in, and a number that counts them; nor
    counted along the alphabet and the digits."""
    if len(text) > _MOST or not text.isascii():
        return True
    return not (is_counted(text) or _is_worded(text))


def _is_worded(text: str) -> bool:
    words: list[str] = []
    marks = 0
    for part in _PARTS.findall(text):
        if part.isalpha():
            split = _split(part.lower())
            if not split:
                return False
            words += split
        elif part.isdigit():
            if not _COUNT.fullmatch(part):
                return False
        elif part in _CLOSING:
            marks += 1
        elif part not in _JOINTS:
            return False
    if marks > 1 or not words:
        return False
    if ":" in text and len(words) > 1:  # `user:pass`
        return True
    return bool(_MARKS.intersection(words)) or _NAMES.issuperset(words)


@lru_cache(maxsize=4096)
def _split(run: str) -> tuple[str, ...]:
    """The fewest words of the tables that make up a run of lower-case letters; () for none."""
    best: list[tuple[str, ...] | None] = [()]
    for end in range(1, len(run) + 1):
        found: tuple[str, ...] | None = None
        for start in range(max(0, end - _LONGEST), end):
            before, word = best[start], run[start:end]
            if before is None or word not in _WORDS:
                continue
            if found is None or len(before) + 1 < len(found):
                found = (*before, word)
        best.append(found)
    return best[-1] or ()
