"""The page of what leads each runtime to the proxy: what the table claims, and what was seen.

`excise prove --json | python scripts/reference_runtimes.py` adds what it saw to the stored figures;
`scripts/gen-docs` writes the page.
"""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from excise.cli.env import EXTEND_STORE, JAVA, PROXY, REPLACE_STORE
from excise.cli.runtimes import CLIENTS, COMPILED, Client

SEEN: Final = Path(__file__).resolve().parent.parent / "docs" / "reference" / "runtimes.json"
KEPT: Final = ("client", "version", "led", "trusted", "verdict")
WORDS: Final = {
    "proven": "placeholders; the client got its values back",
    "comes to the proxy": "not asked: it posts nothing",
    "ignores the proxy": "nothing: it is given nothing that goes past",
    "refuses the CA": "nothing: it ended the connection",
}


def lines() -> Iterator[str]:
    """The page below its title."""
    seen = json.loads(SEEN.read_text("utf-8"))
    yield "`excise env` and `excise run` export what stands here; `excise prove` tries it with the"
    yield "clients of your machine, `excise doctor` tells those that go past."
    yield from ("", "## What leads a client", "")
    yield "| client | comes to the proxy by | takes the CA by | the CA there | else |"
    yield "|---|---|---|---|---|"
    for client in CLIENTS:
        yield f"| {' | '.join(_claim(client))} |"
    yield ""
    yield f"`{PROXY[0]}` and the others of its kind ({_ticked(PROXY[1:])}) are all set, since some"
    yield f"clients read one of them alone. {_ticked(EXTEND_STORE)} add to the roots of a runtime;"
    yield f"{_ticked(REPLACE_STORE)} replace them, and `{JAVA}` names a store that does: there a"
    yield "bundle of the public roots, your own and our CA is named."
    yield from ("", "## What was seen", "")
    yield "By `excise prove`: an AWS key id and an e-mail address in a chat request to a stand-in"
    yield "for `api.openai.com`, led by nothing but `excise run`."
    yield ""
    yield "| client | version | on | came to the proxy | took the CA | upstream received |"
    yield "|---|---|---|---|---|---|"
    for row in seen:
        yield (
            f"| {row['client']} | {row['version']} | {row['system']} | {_yes(row['led'])} | "
            f"{_yes(row['trusted'])} | {WORDS[row['verdict']]} |"
        )
    tried = {row["client"] for row in seen}
    untried = [client.name for client in CLIENTS if client.name not in tried]
    yield ""
    yield f"Not run, and so only what their makers say: {'; '.join(untried)}."


def _claim(client: Client) -> tuple[str, ...]:
    led = " with ".join(f"`{word}`" for word in client.led.split(" with ")) if client.led else "no"
    if client.since:
        led += ", from " + ", ".join(".".join(map(str, first)) for first in client.since)
    if client.trust == COMPILED:
        return client.name, led, "nothing: its roots are compiled in", "", client.mend
    if not client.trust:
        return client.name, led, "the system's store alone", "adds", client.mend
    how = "adds" if client.trust in EXTEND_STORE else "replaces"
    return client.name, led, f"`{client.trust}`", how, client.mend


def _ticked(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def merge(seen: Sequence[Mapping[str, Any]], more: Sequence[Mapping[str, Any]], system: str
          ) -> list[dict[str, Any]]:  # fmt: skip
    """What was seen, with `more` of this system in place of the same client and version."""
    rows = {(row["client"], row["version"], row["system"]): dict(row) for row in seen}
    for proof in more:
        row = {name: proof[name] for name in KEPT} | {"system": system}
        if row["verdict"] not in WORDS:
            raise SystemExit(f"{row['client']}: {row['verdict']}; nothing was stored.")
        rows[row["client"], row["version"], system] = row
    order = {client.name: number for number, client in enumerate(CLIENTS)}
    return sorted(rows.values(), key=lambda row: (order[row["client"]], row["version"]))


def main() -> int:
    """Add what stands on standard input."""
    before = json.loads(SEEN.read_text("utf-8")) if SEEN.exists() else []
    system = f"{platform.system()} {platform.machine()}"
    rows = merge(before, json.load(sys.stdin), system)
    SEEN.write_text("[\n" + ",\n".join(f"  {json.dumps(row)}" for row in rows) + "\n]\n", "utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
