"""Names of packages that an answer tells somebody to install or import, and that do not exist.

A model makes names up, and whoever registers one of them is installed by the next who believes it.
Which exist only a list of the operator's can say: one for each ecosystem, kept as a Bloom filter,
so that one made-up name in a thousand passes. Names are read from commands that begin where a
command may (a line, a prompt, a quote, after `&&`), and for npm from imports, which name packages
there; modules of Python are held against a list of modules, where there is one.
"""

from __future__ import annotations

import hashlib
import io
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np

from excise.detectors.base import Glance, Sight
from excise.detectors.own.bloom import Bloom
from excise.model import Span

NAME: Final = "packages"
ECOSYSTEMS: Final = ("pip", "npm", "cargo", "python-modules")
LONGEST: Final = 2000  # characters of a line that are read

_WITH_VALUE: Final = re.compile(
    r"-[crtifo]|--(?:constraint|requirement|index-url|extra-index-url|find-links|target|prefix|"
    r"registry|python|group|workspace|features|version|path|git|branch|rev|tag|root)"
)
_PLACE: Final = r"(?:^|[`\"'(;&|>#$%!]|\bsudo|\bRUN|\brun:)[ \t]{0,8}"
_COMMAND: Final = re.compile(
    _PLACE + r"(?:"
    r"(?P<pip>(?:(?:python[\d.]{0,4}|py)[ \t]+-m[ \t]+|uv[ \t]+)?pip[\d.]{0,4}[ \t]+install|"
    r"(?:pipx|pipenv)[ \t]+install|(?:uv|poetry|pdm)[ \t]+add)|"
    r"(?P<npm>npm[ \t]+(?:install|i|add)|(?:pnpm|yarn|bun)[ \t]+(?:add|install|i)|npx)|"
    r"(?P<cargo>cargo[ \t]+(?:add|install))"
    r")(?=[ \t])(?P<rest>[^\n`\"';&|<>()]{1,500}+)",
    re.MULTILINE,
)
_TELLING: Final = ("install", " add", " i ", "npx", "import", "require", "export")
_WORD: Final = re.compile(r"\S+")
# A name, and what may follow it: extras, a version, a tag.
_PACKAGE: Final = {
    "pip": re.compile(r"([A-Za-z0-9](?:[\w.-]{0,80}[A-Za-z0-9])?)(?:\[[\w,.-]*\])?(?:[=!~<>@].*)?"),
    "npm": re.compile(r"((?:@[\w.~-]{1,80}/)?[A-Za-z0-9][\w.~-]{0,100})(?:@[\w.^~<>=*-]*)?"),
    "cargo": re.compile(r"([A-Za-z][\w-]{0,63})(?:@[\w.^~=*-]*)?"),
}
_NPM_IMPORT: Final = re.compile(
    r"(?:\brequire[ \t]?\([ \t]?|^[ \t]{0,8}(?:import|export)\b[^\n;\"']{0,300}+|"
    r"\bimport[ \t]?\([ \t]?)[\"'](?P<name>(?:@[\w.~-]{1,80}/)?[A-Za-z0-9][\w.~-]{0,100})"
    r"(?:/[^\n\"']{0,200})?[\"']",
    re.MULTILINE,
)
_MODULE: Final = r"[A-Za-z_]\w{0,80}(?:\.\w{1,80}){0,9}(?:[ \t]{1,4}as[ \t]{1,4}\w{1,80})?"
_PYTHON_IMPORT: Final = re.compile(
    r"^(?:[ \t]{0,12}|>>> )(?:"
    rf"import[ \t]{{1,4}}(?P<names>{_MODULE}(?:[ \t]?,[ \t]{{0,4}}{_MODULE}){{0,9}})[ \t]{{0,9}}"
    r"(?:[#;]|$)|"
    r"from[ \t]{1,4}(?P<name>[A-Za-z_]\w{0,80})[\w.]{0,200}[ \t]{1,4}import[ \t])",
    re.MULTILINE,
)
_HEAD: Final = re.compile(r"(?:^|,)\s*(\w+)")
_NODE: Final = frozenset(
    {
        "assert", "async_hooks", "buffer", "child_process", "cluster", "console", "constants",
        "crypto", "dgram", "diagnostics_channel", "dns", "domain", "events", "fs", "http",
        "http2", "https", "inspector", "module", "net", "os", "path", "perf_hooks", "process",
        "punycode", "querystring", "readline", "repl", "stream", "string_decoder", "sys",
        "timers", "tls", "trace_events", "tty", "url", "util", "v8", "vm", "wasi",
        "worker_threads", "zlib",
    }
)  # fmt: skip
# What a line may go on from that is not there to its end.
_BEGUN: Final = re.compile(
    _PLACE + r"(?:(?:pip|python|py|uv|poetry|pdm|npm|pnpm|yarn|bun|npx|cargo|import|export|from|"
    r"require)\b[^\n]*|[a-z]{0,8})\Z|\b(?:require|import)[ \t]?\([^\n)]{0,200}\Z",
    re.MULTILINE,
)


class Listing(NamedTuple):
    """The names of one ecosystem, and how many there are."""

    known: Bloom
    size: int

    def holds(self, name: str) -> bool:
        """Whether it may be one of them."""
        return bool(self.known.may_hold(_hashes([name]))[0])

    def to_bytes(self) -> bytes:
        """What is kept."""
        out = io.BytesIO()
        np.savez_compressed(out, bits=self.known.bits, size=np.int64(self.size))
        return out.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> Listing:
        """ValueError where it is none."""
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as file:
                return cls(Bloom(file["bits"]), int(file["size"]))
        except (KeyError, OSError, EOFError, ValueError):
            raise ValueError("no list of packages") from None


def build_listing(ecosystem: str, names: Iterable[str]) -> Listing:
    """The list of these names, one each; empty ones and comments are left out."""
    kept = {normal(ecosystem, each.strip()) for each in names if not each.startswith("#")} - {""}
    return Listing(Bloom.of(_hashes(sorted(kept))), len(kept))


def normal(ecosystem: str, name: str) -> str:
    """A name as its ecosystem compares it (PEP 503 for pip)."""
    if ecosystem == "pip":
        return re.sub(r"[-_.]+", "-", name).lower()
    return name.replace("_", "-") if ecosystem == "cargo" else name


def _hashes(names: Sequence[str]) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    digests = (
        hashlib.blake2b(each.encode("utf-8", "surrogatepass"), digest_size=8) for each in names
    )
    return np.frombuffer(b"".join(each.digest() for each in digests), np.uint64)


class Packages:
    """Implements `Growing` over the operator's lists by ecosystem. One that has no list is not
    judged."""

    name: Final = NAME
    labels: Final = frozenset(ECOSYSTEMS)

    def __init__(self, listings: Mapping[str, Listing]) -> None:
        self._listings = dict(listings)

    @classmethod
    def stored(cls, files: Mapping[str, bytes], _: bytes = b"") -> Packages:
        """Over lists as they are kept, by ecosystem. ValueError where one is none."""
        return cls({name: Listing.from_bytes(data) for name, data in files.items()})

    def find(self, glances: Sequence[Glance]) -> list[tuple[Sight, ...]]:
        """For each text the names that are on no list."""
        return [tuple(sorted(set(self._seen(each.text)), key=_place)) for each in glances]

    def hold(self, text: str) -> int:
        """The beginning of the last line, where it may name a package."""
        start = text.rfind("\n") + 1
        line = text[start:]
        return start if len(line) < LONGEST and _BEGUN.search(line) else len(text)

    def _seen(self, text: str) -> Iterator[Sight]:
        for ecosystem, name, start in named_in(text):
            listing = self._listings.get(ecosystem)
            if listing is not None and not listing.holds(normal(ecosystem, name)):
                yield Sight(ecosystem, Span(start, start + len(name)), 0.9)


def named_in(text: str) -> Iterator[tuple[str, str, int]]:
    """Ecosystem, name and place of every package that a text installs or imports."""
    if not any(word in text for word in _TELLING):
        return
    for command in _COMMAND.finditer(text):
        ecosystem = next(each for each in ("pip", "npm", "cargo") if command[each])
        only = 1 if command["npm"] == "npx" else None
        yield from _arguments(ecosystem, command["rest"], command.start("rest"), only)
    for found in _NPM_IMPORT.finditer(text):
        if found["name"] not in _NODE:
            yield "npm", found["name"], found.start("name")
    for found in _PYTHON_IMPORT.finditer(text):
        group = "names" if found["names"] else "name"
        for module in _HEAD.finditer(found[group]):
            if module[1] not in sys.stdlib_module_names:
                yield "python-modules", module[1], found.start(group) + module.start(1)


def _arguments(
    ecosystem: str, rest: str, start: int, only: int | None
) -> Iterator[tuple[str, str, int]]:
    """The names among the words of a command, up to a comment or a path; options are none."""
    skip, count = False, 0
    for word in _WORD.finditer(rest):
        if skip or word[0].startswith("-"):
            skip = not skip and "=" not in word[0] and bool(_WITH_VALUE.fullmatch(word[0]))
            continue
        if word[0].startswith("#") or count == only:
            return
        found = _PACKAGE[ecosystem].fullmatch(word[0].rstrip(",\\"))
        if found and not found[0].endswith((".whl", ".gz", ".zip", ".txt", ".tgz")):
            count += 1
            yield ecosystem, found[1], start + word.start()


def _place(sight: Sight) -> tuple[Span, str]:
    return sight.span, sight.label
