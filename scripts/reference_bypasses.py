"""docs/reference/known-bypasses.md: which disguises of an attack are found, and which pass."""

from __future__ import annotations

from collections.abc import Iterator

from packs.bypasses import ORDER, WAYS


def lines() -> Iterator[str]:
    """The page below its title."""
    yield "The order below, or one that asks for the same, said in different ways, and whether the"
    yield "signatures of the pack `injection` find it. The classifier, which reads beside them, is"
    yield "left out here. Each line is a test; a way that is found one day has to leave the second"
    yield "table, for its test then fails."
    yield ""
    yield f"> {ORDER}"
    yield ""
    yield "## Found"
    yield ""
    yield from (f"- {way.name}" for way in WAYS if not way.why)
    yield ""
    yield "## Known to pass"
    yield ""
    yield "| way | why |"
    yield "|---|---|"
    yield from (f"| {way.name} | {way.why} |" for way in WAYS if way.why)
