"""The generated sets: card and bank texts, ids that are none, secrets in carriers, clean lines."""

from __future__ import annotations

import base64
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product
from typing import Final, Protocol

from evaluate_cards import GATEWAY, HELD_OUT, IDS, RANDOM_IDS, SPOKEN, fill_card, random_ids
from evaluate_rows import Mark, Row
from evaluate_text import CLEAN, fill_clean
from packs import secret_fifth, secret_files, secret_texts

from excise.rules.fillers import fill

SEED: Final = 20260101
CLEAN_LINES: Final = 10_000
RANDOM_COUNT: Final = 600  # of each length
_BLOCK: Final = 50  # lines of clean text that are scanned as one text
_FILLER: Final = re.compile(r"\{(?:alnum|base64|b64url|digit|hex|lower|upalnum|uuid)[:}]")


class LookAlikes(Protocol):
    """A module with texts that hold no secret; `<V>` in a carrier stands for a blank."""

    BLANK_CARRIERS: Final[tuple[str, ...]]
    BLANKS: Final[tuple[str, ...]]
    HARMLESS: Final[tuple[str, ...]]


def gateway_rows(templates: Sequence[tuple[str, str]], seed: int) -> Iterator[Row]:
    """Text as payment gateways and their users write it, cards of every brand in it."""
    dice = random.Random(seed)
    for turn in range(20):
        for number, (kind, template) in enumerate(templates):
            text, spans, dates = fill_card(template, dice, more=True)
            marks = [Mark(*span) for span in spans] + [Mark(*span, "date") for span in dates]
            yield Row(f"gateway-{turn}-{number}", text, True, "generated", kind, tuple(marks))


def known_gateway_rows() -> Iterator[Row]:
    """Of the templates that rules were written with."""
    return gateway_rows(GATEWAY, SEED)


def held_out_rows() -> Iterator[Row]:
    """Of the templates that no rule was made or altered for."""
    return gateway_rows(HELD_OUT, SEED + 3)


def spoken_rows() -> Iterator[Row]:
    """Numbers of cards and their codes in words, in eight languages."""
    dice = random.Random(SEED + 4)
    for turn in range(24):
        for number, (lang, template) in enumerate(SPOKEN):
            text, spans, _ = fill_card(template, dice, more=True, lang=lang)
            marks = tuple(Mark(*span) for span in spans)
            yield Row(f"spoken-{turn}-{number}", text, True, "generated", lang, marks)


def id_rows() -> Iterator[Row]:
    """Ids that pass Luhn and begin as a card does, and are none."""
    dice = random.Random(SEED + 1)
    for turn in range(60):
        for number, (kind, template) in enumerate(IDS):
            text, _, _ = fill_card(template, dice)
            yield Row(f"id-{turn}-{number}", text, False, "generated", kind)


def random_id_rows() -> Iterator[Row]:
    """Random digits as long as card numbers are, as ids of all sorts: one in ten passes Luhn."""
    for length in range(13, 20):
        for number, value in enumerate(random_ids(length, RANDOM_COUNT, SEED + length)):
            kinds = sorted(RANDOM_IDS)
            kind = kinds[number % len(kinds)]
            text = RANDOM_IDS[kind].format(value)
            yield Row(f"random-{length}-{number}", text, False, "generated", f"{length} {kind}")


def carrier_rows() -> Iterator[Row]:
    """Passwords and tokens in the notations of many tools, and look-alikes in the same."""
    rounds = {
        "first carriers": secret_texts.CARRIERS,
        "second carriers": secret_texts.MORE_CARRIERS,
        "third carriers": secret_texts.FURTHER_CARRIERS,
        "last carriers": secret_texts.LAST_CARRIERS,
    }
    slots = {
        "<P>": secret_texts.PASSWORDS, "<T>": secret_texts.TOKENS, "<B>": secret_texts.PASSWORDS,
    }  # fmt: skip
    for group, carriers in rounds.items():
        for (name, carrier), (slot, values) in product(carriers.items(), slots.items()):
            for kind, filler in values.items() if slot in carrier else ():
                value = fill(filler, f"{name}/{kind}")
                if slot == "<B>":
                    value = base64.b64encode(f"anna:{value}".encode()).decode()
                text = carrier.replace(slot, value).replace("<P>", "${PW}").replace("<T>", "$T")
                start = text.index(value)
                marks = (Mark(start, start + len(value)),)
                at = f"{group}/{name}/{slot}/{kind}"
                yield Row(at, text, True, "generated", kind, marks, group=group)
    yield from _look_alikes(secret_texts)


def fifth_rows() -> Iterator[Row]:
    """The round of carriers and look-alikes that was written last."""
    for group, carriers, values in (
        ("passwords", secret_fifth.PASSWORD_CARRIERS, secret_fifth.PASSWORDS),
        ("tokens", secret_fifth.TOKEN_CARRIERS, secret_fifth.TOKENS),
    ):
        for (number, carrier), (kind, filler) in product(enumerate(carriers), values.items()):
            value = fill(filler, f"{carrier}/{kind}")
            text = carrier.replace("<V>", value)
            start = text.index(value)
            marks = (Mark(start, start + len(value)),)
            at = f"fifth-{group}-{number}-{kind}"
            yield Row(at, text, True, "generated", kind, marks, group=group)
    for row in _look_alikes(secret_fifth):
        blank = row.group == "blanks"
        weak = blank and any(each in row.text for each in secret_fifth.BAD_PASSWORDS)
        yield replace(row, group="bad passwords") if weak else row


def file_rows() -> Iterator[Row]:
    """The round of whole pieces of files and talks."""
    for group, name, text, spans in secret_files.planted():
        marks = tuple(Mark(*span) for span in spans)
        kind = name.rpartition("/")[2]
        yield Row(f"file-{name}", text, True, "generated", kind, marks, group=group)
    for number, line in enumerate(secret_files.HARMLESS):
        text = fill(line, line)
        yield Row(f"harmless-file-{number}", text, False, "generated", "harmless", group="harmless")


def _look_alikes(texts: LookAlikes) -> Iterator[Row]:
    """What stands where a secret would, and lines in which nothing is secret."""
    for number, (carrier, blank) in enumerate(product(texts.BLANK_CARRIERS, texts.BLANKS)):
        text = carrier.replace("<V>", blank)
        yield Row(f"blank-{number}", text, False, "generated", "blank", group="blanks")
    for number, line in enumerate(texts.HARMLESS):
        text = fill(line, line) if _FILLER.search(line) else line
        yield Row(f"harmless-{number}", text, False, "generated", "harmless", group="harmless")


def clean_rows() -> Iterator[Row]:
    """Ten thousand lines of lock files, logs, checksums and pictures, in blocks of one kind."""
    dice = random.Random(SEED + 2)
    kinds = sorted(CLEAN)
    for number in range(CLEAN_LINES // _BLOCK):
        kind = kinds[number % len(kinds)]
        text = "\n".join(fill_clean(kind, dice) for _ in range(_BLOCK))
        yield Row(f"clean-{number}", text, False, "", kind, lines=_BLOCK)
