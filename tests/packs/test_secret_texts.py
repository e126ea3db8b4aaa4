"""Secrets in the notations of many tools, and look-alikes in the same: found and silent, counted.

The figures are a ratchet: a change that finds more raises them here, none may lower them.
"""

import base64
import re
from collections.abc import Iterator
from itertools import product

import pytest
from packs import secret_fifth as fifth
from packs import secret_files as files
from packs.secret_texts import (
    BLANK_CARRIERS,
    BLANKS,
    CARRIERS,
    FURTHER_CARRIERS,
    HARMLESS,
    LAST_CARRIERS,
    MORE_CARRIERS,
    PASSWORDS,
    TOKENS,
)

from excise.detectors.build import build_scanner
from excise.detectors.patterns.scan import PatternScanner
from excise.model import Part, Role, Segment, Span
from excise.resources import policies_dir
from excise.rules.fillers import fill
from excise.rules.load import load_pack

_FILLER = re.compile(r"\{(?:alnum|base64|b64url|digit|hex|lower|upalnum|uuid)[:}]")


@pytest.fixture(scope="module")
def scanner() -> PatternScanner:
    """The pack of secrets, as it runs."""
    folder = policies_dir() / "packs" / "secrets"
    texts = {path.name: path.read_text("utf-8") for path in folder.glob("*.yaml")}
    return build_scanner(load_pack("secrets", texts).rules)


def planted(carriers: dict[str, str]) -> Iterator[tuple[str, str, Span]]:
    """Each carrier with each value it is made for: its name, the text, where the value stands."""
    for name, carrier in carriers.items():
        for slot, values in (("<P>", PASSWORDS), ("<T>", TOKENS), ("<B>", PASSWORDS)):
            for kind, filler in values.items() if slot in carrier else ():
                value = fill(filler, f"{name}/{kind}")
                if slot == "<B>":
                    value = base64.b64encode(f"anna:{value}".encode()).decode()
                text = carrier.replace(slot, value).replace("<P>", "${PW}").replace("<T>", "$T")
                start = text.index(value)
                yield f"{name}: {kind}", text, Span(start, start + len(value))


def scan(scanner: PatternScanner, texts: list[str]) -> list[list[Span]]:
    """What is found in each text."""
    segments = [Segment(text, Role.USER, Part.PROMPT, 0) for text in texts]
    return [[each.span for each in found] for found in scanner.scan(segments)]


@pytest.mark.parametrize(
    ("carriers", "least", "of"),
    [
        (CARRIERS, 590, 590),
        (MORE_CARRIERS, 664, 664),
        (FURTHER_CARRIERS, 430, 436),
        (LAST_CARRIERS, 285, 314),
    ],
    ids=["first", "second", "third", "last"],
)
def test_secrets_are_covered(
    scanner: PatternScanner, carriers: dict[str, str], least: int, of: int
) -> None:
    """The whole value lies in one finding."""
    rows = list(planted(carriers))
    found = scan(scanner, [text for _, text, _ in rows])
    missed = [
        name
        for (name, _, span), spans in zip(rows, found, strict=True)
        if not any(each.start <= span.start and span.end <= each.end for each in spans)
    ]
    assert len(rows) == of
    assert len(rows) - len(missed) >= least, missed


def test_blanks_pass(scanner: PatternScanner) -> None:
    """What stands where a secret would, and is none."""
    texts = [carrier.replace("<V>", blank) for carrier in BLANK_CARRIERS for blank in BLANKS]
    found = scan(scanner, texts)
    assert not [text for text, spans in zip(texts, found, strict=True) if spans]


def test_harmless_lines_pass(scanner: PatternScanner) -> None:
    """Hashes, ids, names about secrets, code that handles them, sentences about them."""
    texts = [fill(line, line) if _FILLER.search(line) else line for line in HARMLESS]
    found = scan(scanner, texts)
    assert not [text for text, spans in zip(texts, found, strict=True) if spans]


def test_the_fifth_round(scanner: PatternScanner) -> None:
    """Values of many shapes are covered; of look-alikes only bad passwords are found."""
    texts, spans = [], []
    for carriers, values in (
        (fifth.PASSWORD_CARRIERS, fifth.PASSWORDS),
        (fifth.TOKEN_CARRIERS, fifth.TOKENS),
    ):
        for carrier, (kind, filler) in product(carriers, values.items()):
            value = fill(filler, f"{carrier}/{kind}")
            texts.append(carrier.replace("<V>", value))
            spans.append(Span(texts[-1].index(value), texts[-1].index(value) + len(value)))
    found = scan(scanner, texts)
    covered = [
        any(each.start <= span.start and span.end <= each.end for each in own)
        for span, own in zip(spans, found, strict=True)
    ]
    assert len(covered) == 870
    assert sum(covered) >= 787
    blanks = [text.replace("<V>", blank) for text in fifth.BLANK_CARRIERS for blank in fifth.BLANKS]
    assert len(blanks) == 2784
    assert sum(map(bool, scan(scanner, blanks))) <= 148
    harmless = [fill(line, line) if _FILLER.search(line) else line for line in fifth.HARMLESS]
    assert sum(map(bool, scan(scanner, harmless))) <= 1


def test_pieces_of_files(scanner: PatternScanner) -> None:
    """Values in files and talks are covered wherever they stand; look-alikes pass, but for
    defaults that are published, the hashes of passwords and a sealed secret."""
    rows = list(files.planted())
    found = scan(scanner, [text for _, _, text, _ in rows])
    missed = [
        name
        for (_, name, _, spans), own in zip(rows, found, strict=True)
        if not all(any(e.start <= s.start and s.end <= e.end for e in own) for s in spans)
    ]
    assert len(rows) == 2355
    assert len(rows) - len(missed) >= 2233, missed
    harmless = [fill(line, line) for line in files.HARMLESS]
    assert sum(map(bool, scan(scanner, harmless))) <= 5
