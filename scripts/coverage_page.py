"""docs/reference/coverage.md: what is read, edited and restored, where; the work of
scripts/coverage.

Every line of it is a verdict: a value was planted there, and what left was looked at.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from census import ANSWERED, CODINGS, HEADS, OTHERS, Fixture, find_fields, judge, load_fixtures
from reference import UNREADABLE
from walled import HOSTS

from excise.assemble import read_profile
from excise.catalogue import DEFAULT_DIALECT, Route
from excise.errors import REASONS
from excise.folders import Folders
from excise.model import Direction
from excise.resources import policies_dir

ROOT: Final = Path(__file__).resolve().parents[1]
PAGE: Final = ROOT / "docs" / "reference" / "coverage.md"
HEAD: Final = """\
# Coverage

<!-- Written by scripts/coverage from policies/hosts.yaml, the codecs and tests/wire. -->

What the firewall reads of the traffic of the hosts it knows, what it can cut out, and what it
cannot look into. No line is a claim: `tests/test_census.py` plants a value in every field below,
in every content coding, sends it through, and looks at what leaves.

- **edited**: found, cut out, and nothing else changed.
- **edited, restored**: in answers; and a placeholder that stands there becomes its value again.
- **read**: found and recorded, not edited, for the provider signed or encrypted it.
- **left out**: log probabilities of an answer whose text was edited; they would spell it again.
- **read, stops the message**: found; since nothing can be cut out, the message is stopped.
- **uninspectable**: not looked into, with the word that stands in the trail and in the profile.

Fields are labels only. A field that is not named here is read as well: every string, every object
key and every number of six characters and more, with one level of JSON inside of strings.
`{key}` stands for a key of the client's own, `[]` for every item of an array.\
"""


def main() -> int:
    """Write the page, or compare it; 1 where it differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, say what differs")
    check = parser.parse_args().check
    logging.disable()  # the libraries' own words on the planted documents, which are none
    text = build_page()
    if PAGE.is_file() and PAGE.read_text("utf-8") == text:
        return 0
    if not check:
        PAGE.write_text(text, "utf-8")
    name = PAGE.relative_to(ROOT)
    print(f"{'differs from the code' if check else 'written'}: {name}", file=sys.stderr)
    return 1 if check else 0


def build_page() -> str:
    """The whole page."""
    return "\n".join([HEAD, *_page()]) + "\n"


def _page() -> Iterator[str]:
    codings = ", ".join(f"`{coding}`" for coding in CODINGS if coding)
    yield from ("", "## Content codings", "")
    yield f"Each line below holds without a coding and in {codings}. Bodies in any other coding are"
    yield "`encoding-unknown`, and bombs are `expansion`."
    yield from ("", "## Hosts and paths", "", *_routes())
    yield from ("", "## Around the body", "", *_heads())
    yield ""
    yield "What stands around an answer passes as it comes: its headers, and the names, ids and"
    yield "comments of the events of a stream. They are the provider's protocol."
    yield from ("", "## Bodies that are no JSON", "", *_others())
    for name, fixtures in _by_dialect().items():
        yield from ("", f"## {name}", "", *_fields(fixtures))
    yield from ("", "## What is uninspectable", "", *_reasons())


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"


def _table(*names: str) -> Iterator[str]:
    yield _row(*names)
    yield "|" + "---|" * len(names)


def _routes() -> Iterator[str]:
    yield f"Paths that no line names are `{DEFAULT_DIALECT}`."
    yield ""
    yield from _table("provider", "hosts", "paths", "dialect")
    alike: dict[tuple[Route, ...], str] = {}
    for host in HOSTS.hosts:
        hosts = ", ".join(f"`{pattern}`" for pattern in host.patterns)
        if first := alike.get(host.routes):
            yield _row(host.provider, hosts, f"as those of {first}", "the same")
            continue
        if host.routes and not host.is_mixed:
            alike[host.routes] = host.provider
        told: dict[str, list[str]] = {}
        for route in host.routes:
            spoken = route.dialect
            if route.speaks != route.dialect:
                spoken = f"{route.dialect} ({route.speaks})"
            told.setdefault(spoken, []).append(route.path)
        for spoken, paths in (told or {DEFAULT_DIALECT: ["/**"]}).items():
            yield _row(host.provider, hosts, ", ".join(f"`{path}`" for path in paths), spoken)
            hosts = "the same"
        if host.is_mixed:
            yield _row(host.provider, hosts, "all others", "passed on unread: no LLM traffic")


def _heads() -> Iterator[str]:
    yield from _table("place", "request")
    for name, (_, _, verdict) in HEADS.items():
        yield _row(name, verdict)


def _others() -> Iterator[str]:
    yield from _table("body", "request", "answer")
    for name, (_, verdict) in OTHERS.items():
        yield _row(name, verdict, ANSWERED.get(name, verdict))


def _by_dialect() -> dict[str, list[Fixture]]:
    told: dict[str, list[Fixture]] = {}
    for fixture in load_fixtures():
        told.setdefault(fixture.dialect, []).append(fixture)
    return dict(sorted(told.items()))


def _fields(fixtures: list[Fixture]) -> Iterator[str]:
    columns = ("request", "answer", "stream")
    told: dict[str, dict[str, set[str]]] = {}
    for fixture in fixtures:
        column = "request" if fixture.direction is Direction.REQUEST else "answer"
        if fixture.mode == "stream":
            column = "stream"
        for field in find_fields(fixture):
            verdicts = told.setdefault(field.name or "(the whole)", {}).setdefault(column, set())
            verdicts.add(judge(fixture, field, ""))
    yield from _table("field", *columns)
    for name, verdicts in sorted(told.items()):
        cells = ("; ".join(sorted(verdicts.get(column, ()))) or "–" for column in columns)
        yield _row(f"`{name}`", *cells)


def _reasons() -> Iterator[str]:
    profiles = [
        read_profile(path.stem, Folders(None))[1]
        for path in sorted((policies_dir() / "profiles").glob("*.yaml"))
    ]
    yield from _table("word", "means", *(profile.name for profile in profiles))
    for word in sorted(REASONS):
        actions = (
            profile.uninspectable_by_reason.get(word, profile.uninspectable).value
            for profile in profiles
        )
        yield _row(f"`{word}`", UNREADABLE[word], *actions)


if __name__ == "__main__":
    raise SystemExit(main())
