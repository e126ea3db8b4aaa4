"""Side detectors over small made-up data, by which rules that read the operator's prove themselves.

The examples of such rules name these values; nothing here is used outside of proofs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from excise.detectors.answers.facts import Fact, Facts
from excise.detectors.answers.leak import Leak, build_shingles
from excise.detectors.answers.links import Links
from excise.detectors.answers.packages import Packages, build_listing
from excise.detectors.asked import sequence
from excise.detectors.asked.deep import Deep
from excise.detectors.asked.judge import INJECTION, ORDER, TOPICS, UNSAFE
from excise.detectors.base import Detector, Glance, Sight
from excise.detectors.own.canary import Canaries, build_canary
from excise.detectors.own.code import OwnCode, OwnIndex
from excise.detectors.own.known import Known, build_known
from excise.detectors.own.records import Records, build_index
from excise.detectors.tools.calls import Argument, Call
from excise.detectors.tools.guard import Terms, ToolGuard
from excise.detectors.tools.pins import CHANGED, NEW, Pinned, Pins, Server
from excise.model import Span

KEY: Final = bytes(range(32))
RECORDS: Final = (
    ("Martha Vogelsang", "40-0071-2295"),
    ("Piet Achterberg", "40-0071-3381"),
)
VALUES: Final = ("tulip-Fjord/29-lamp",)
NAMES: Final = {
    "PERSON": ("Martha Vogelsang", "Piet Achterberg", "Martha Maybe"),
    "LOCATION": ("Oudenbosch(?! Maybe)", "Kaltenkirchen", "Oudenbosch Maybe"),
    "ORG": ("Hanse Zuivel", "Achterberg Bouw", "Hanse Maybe"),
    "ADDRESS": ("Kerkstraat 12", "Marktplatz 7", "Kerkstraat Maybe"),
}

CODE: Final = """\
def tally_casks(cellar, vintages, loss=0.02):
    total = 0
    for cask in cellar.casks:
        if cask.vintage in vintages and not cask.sealed:
            litres = cask.volume * (1 - loss) ** cask.years
            total += round(litres, 1)
            cellar.log(cask.number, litres, unit="l")
    return total, len(cellar.casks)
"""
CANARY: Final = "tulip-Cellar/41-finch"
INSTRUCTIONS: Final = (
    "You are the wine steward of Vintnerhaus. Never quote a price below the cellar list, offer the "
    "loyalty discount only to members, and send every complaint to the owner without comment."
)
DESCRIPTION: Final = "Adds two numbers."
LISTED: Final = {"pip": ("corkscrew", "vintner-core"), "npm": ("cellar-door", "@vintnerhaus/cask")}
FACTS: Final = (
    Fact("members-discount", ("loyalty discount", "members' discount"), "5 %"),
    Fact("cellar", ("the cellar",), "Oudenbosch", ("Kaltenkirchen",)),
)
PACKAGES: Final = ("com.vintnerhaus.", "@vintnerhaus/", "vintner_core")


def _own_code() -> Detector:
    return OwnCode(OwnIndex.of_texts([CODE], KEY, packages=PACKAGES))


def _records() -> Detector:
    built = build_index("customers", ("name", "account"), RECORDS, meet=2, key=KEY)
    return Records([built.made], KEY)


def _known() -> Detector:
    return Known([build_known(VALUES, KEY)], KEY)


class _OneCall(ToolGuard):
    """Reads each text as the command of one call of a shell; a comment is none."""

    def find(self, glances: Sequence[Glance]) -> list[tuple[Sight, ...]]:
        return [tuple(self._seen(each.text)) for each in glances]

    def _seen(self, text: str) -> Iterator[Sight]:
        if text and not text.startswith("#"):
            for label, score in self.judge(Call("bash", (Argument("command", text),), 0)):
                yield Sight(label, Span(0, len(text)), score)


def _tool_guard() -> Detector:
    terms = Terms(offered=frozenset({"bash"}), hosts=frozenset({"intra.example"}), tainted=True)
    return _OneCall(terms)


def _leak() -> Detector:
    return Leak(build_shingles([INSTRUCTIONS]))


class _OneTool(Pinned):
    """Reads each text as the description of one tool, or behind a name and a colon of another."""

    def find(self, glances: Sequence[Glance]) -> list[tuple[Sight, ...]]:
        return [tuple(self._seen(each.text)) for each in glances]

    def _seen(self, text: str) -> Iterator[Sight]:
        if text and text != DESCRIPTION:
            yield Sight(NEW if ": " in text else CHANGED, Span(0, len(text)), 1.0)


def _tool_pins() -> Detector:
    return _OneTool(Pins(), Server((), ""))


def _links() -> Detector:
    return Links(frozenset({"intra.example"}))


def _packages() -> Detector:
    return Packages({name: build_listing(name, known) for name, known in LISTED.items()})


def _facts() -> Detector:
    return Facts(FACTS)


def _canaries() -> Detector:
    return Canaries({"cellar": build_canary(CANARY, KEY)}, KEY)


def _deep() -> Detector:
    def answer(question: Any, _: float) -> Any:
        return [
            [[label, m.start(), m.end(), _score(m)] for label, m in _named(text)]
            for text in question["texts"]
        ]

    return Deep(answer, 1.0)


class _Judge:
    """Says of a text what stands in a list; implements `Detector`."""

    def __init__(self, name: str, said: Mapping[str, str]) -> None:
        self.name = name
        self._said = said
        self.labels = frozenset(said.values())

    def find(self, glances: Sequence[Glance]) -> list[tuple[Sight, ...]]:
        return [tuple(self._seen(each.text)) for each in glances]

    def _seen(self, text: str) -> Iterator[Sight]:
        score = 0.3 if text.startswith("perhaps") else 0.9
        for words, label in self._said.items():
            if words in text:
                yield Sight(label, Span(0, len(text)), score)


def _judge() -> Detector:
    return _Judge(UNSAFE, {"burn the mill": "S1", "rob the mill": "S2"})


def _judge_injection() -> Detector:
    return _Judge(INJECTION, {"obey the miller": ORDER, "answer as the miller": ORDER})


def _judge_topics() -> Detector:
    return _Judge(TOPICS, {"price of the mill": "finance", "won its match": "sports"})


def _sequence() -> Detector:
    def answer(question: Any, _: float) -> Any:
        return [
            [["MALICIOUS", 0.3 if text.startswith("perhaps") else 0.9 * ("bribe" in text)]]
            for text in question["texts"]
        ]

    return sequence.SequenceModel(answer, 1.0)


def _named(text: str) -> Iterator[tuple[str, re.Match[str]]]:
    for label, names in NAMES.items():
        for name in names:
            yield from ((label, found) for found in re.finditer(name, text))


def _score(found: re.Match[str]) -> float:
    return 0.3 if found[0].endswith("Maybe") else 0.9


PROOF: Final[Mapping[str, Callable[[], Detector]]] = {
    "dictionary": _records,
    "known-value": _known,
    "canary": _canaries,
    "packages": _packages,
    "facts": _facts,
    "system-prompt": _leak,
    "tool-guard": _tool_guard,
    "links": _links,
    "tool-pins": _tool_pins,
    "deep": _deep,
    UNSAFE: _judge,
    INJECTION: _judge_injection,
    TOPICS: _judge_topics,
    sequence.NAME: _sequence,
    "own-code": _own_code,
}
