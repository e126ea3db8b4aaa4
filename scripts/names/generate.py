"""Seeded text with known names in it: chats, letters, forms, tables, in many spellings."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from draw import HERE, Piece
from streets import Addresses

LANGUAGES = ("en", "de", "fr", "es", "it", "nl", "pt", "pl")
_WEIGHTS = {"en": 52, "de": 10, "fr": 8, "es": 8, "it": 7, "nl": 6, "pt": 6, "pl": 4, "none": 16}


class Sample(NamedTuple):
    """A text, its entities as (start, end, label), and where it is from."""

    text: str
    spans: list[tuple[int, int, str]]
    source: str


class Generator(Addresses):
    """Draws sentences from the templates; the same seed gives the same sentences."""

    def __init__(self, data: Path, seed: int) -> None:
        super().__init__(data, seed)
        self._templates = _read_templates(HERE / "templates.txt")
        self._prose = _read_templates(HERE / "prose.txt")
        self._slots: dict[str, Callable[[str], list[Piece]]] = {
            "N": self._person,
            "P": self._person,
            "F": lambda lang: [(self._first(lang), "PERSON")],
            "S": lambda lang: [(self._last(lang), "PERSON")],
            "T": lambda lang: [(self._title(lang), "")],
            "L": lambda lang: [(self._city(lang), "LOCATION")],
            "R": lambda lang: [(self._region(lang), "LOCATION")],
            "K": lambda lang: [(self._country(lang), "LOCATION")],
            "A": lambda lang: [(self._street(lang), "ADDRESS")],
            "Z": lambda lang: [(self._postcode(lang), "ADDRESS")],
            "W": self._whole,
            "O": lambda lang: [(self._organisation(lang), "ORG")],
            "x": lambda lang: [(self._pick("product"), "")],
            "h": lambda lang: [(self._heading(), "")],
            "d": lambda lang: [(self._date(lang), "")],
            "t": lambda lang: [(self._phone(), "")],
            "m": lambda lang: [(self._mail(lang), "")],
            "u": lambda lang: [(self._url(), "")],
            "n": lambda lang: [(str(self._random.randint(1, 999)), "")],
            "i": lambda lang: [(self._identifier(), "")],
            "U": lambda lang: [(self._user(), "")],
            "H": lambda lang: [(self._handle(), "")],
            "X": lambda lang: [(self._tag(), "")],
            "y": lambda lang: [(str(self._random.randint(1700, 2027)), "")],
            "D": lambda lang: [(self._pick(f"{lang}_day"), "")],
            "Y": lambda lang: [(self._demonym(lang), "")],
            "J": lambda lang: [(self._job(lang), "")],
            "G": lambda lang: [(self._group(lang), "ORG")],
            "M": lambda lang: [(self._work(), "")],
            "I": lambda lang: [(self._random.choice("ABCDEFGHJKLMNPRST") + ".", "PERSON")],
            "a": lambda lang: [(self._amount(), "")],
        }

    def samples(self, count: int) -> list[Sample]:
        moods = list(_WEIGHTS)
        weights = [_WEIGHTS[mood] for mood in moods]
        return [self._sample(lang) for lang in self._random.choices(moods, weights, k=count)]

    def _sample(self, lang: str) -> Sample:
        rng = self._random
        pieces: list[Piece] = []
        for number in range(rng.choice((1, 1, 1, 2, 2, 3))):
            if number:
                pieces.append((rng.choice((" ", " ", "\n", "\n\n")), ""))
            source = "none" if lang != "none" and rng.random() < 0.12 else lang
            book = self._templates if rng.random() < 0.5 else self._prose
            pieces += self._fill(rng.choice(book[source]), lang if lang != "none" else "en")
        return join(self._respell(pieces), f"generated {lang}")

    def _fill(self, template: str, lang: str) -> list[Piece]:
        pieces: list[Piece] = []
        where = 0
        for hit in re.finditer(r"\{(\w)\}", template):
            pieces.append((template[where : hit.start()], ""))
            speaker = lang if self._random.random() < 0.85 else self._random.choice(LANGUAGES)
            pieces += self._slots[hit.group(1)](speaker)
            where = hit.end()
        return [*pieces, (template[where:], "")]

    def _respell(self, pieces: list[Piece]) -> list[Piece]:
        dice = self._random.random()
        if dice < 0.10:
            return [(text.lower(), label) for text, label in pieces]
        if dice < 0.14:
            return [
                (text.upper() if len(text.upper()) == len(text) else text, label)
                for text, label in pieces
            ]
        if dice < 0.17:
            return [
                (text.upper() if label and "ß" not in text else text, label)
                for text, label in pieces
            ]
        if dice < 0.20:
            return [(text.lower() if label else text, label) for text, label in pieces]
        if dice < 0.24:
            return [("> " if self._random.random() < 0.5 else "- ", ""), *pieces]
        if dice < 0.27:
            return [(f"[{self._date('en')}] ", ""), *pieces]
        return pieces

    def draw(self, slot: str, lang: str) -> list[Piece]:
        """One filling of a slot of the templates."""
        return self._slots[slot](lang)

    def _heading(self) -> str:
        dice = self._random.random()
        if dice < 0.7:
            return self._pick("heading")
        return " ".join(word for _ in range(2) for word in self._pick("heading").split()[:2])

    def _date(self, lang: str) -> str:
        rng = self._random
        day, month, year = rng.randint(1, 28), rng.randint(1, 12), rng.randint(1940, 2027)
        name = self._words[f"{lang}_month"][month - 1]
        return rng.choice(
            (
                f"{day:02}.{month:02}.{year}",
                f"{year}-{month:02}-{day:02}",
                f"{day}/{month}/{year}",
                f"{day} {name} {year}",
                f"{name} {day}, {year}",
                f"{name} {year}",
                name,
            )
        )

    def _phone(self) -> str:
        digits = "".join(self._random.choices("0123456789", k=12))
        return self._random.choice(
            (
                f"({digits[:3]}) {digits[3:6]}-{digits[6:10]}",
                f"+49 {digits[:3]} {digits[3:10]}",
                f"{digits[:3]}-{digits[3:6]}-{digits[6:10]}",
                f"0{digits[:9]}",
                f"+33 {digits[0]} {digits[1:3]} {digits[3:5]} {digits[5:7]}",
            )
        )

    def _mail(self, lang: str) -> str:
        rng = self._random
        first, last = self._first(lang).lower(), self._last(lang).split()[-1].lower()
        host = rng.choice(("example.com", "mail.example.org", "corp.example.net", "example.de"))
        numbered = f"{first}{rng.randint(1, 99)}"
        user = rng.choice((f"{first}.{last}", first[0] + last, numbered, "info", "support"))
        return f"{user}@{host}"

    def _url(self) -> str:
        """Hosts and paths are made of names often, which are none there."""
        rng = self._random
        last, other = self._plain(self._last("en")), self._plain(self._last("en"))
        host = rng.choice((last, f"{last}-{other}", f"{last}{other}", self._invented().lower()))
        begin = rng.choice(("", "www.", "blog."))
        ending = rng.choice(("com", "org", "net", "biz", "info", "de", "example"))
        stem, first = self._pick("stem").lower(), self._plain(self._first("en"))
        path = rng.choice(("", "/", f"/{stem}", f"/{first}"))
        return f"{rng.choice(('https://', 'https://', 'http://', ''))}{begin}{host}.{ending}{path}"

    def _user(self) -> str:
        """An account's name: no name of a person here."""
        rng = self._random
        first, last = self._plain(self._first("en")), self._plain(self._last("en"))
        return rng.choice(
            (
                f"{first}{rng.randint(1, 99)}",
                f"{first[:1]}{last}",
                f"{last}{first[:1]}",
                f"{first}_{last}",
                f"{first}.{last}",
                f"{first}{last}",
            )
        )

    def _handle(self) -> str:
        rng = self._random
        return "@" + rng.choice((self._user(), self._first("en") + self._last("en").split()[-1],
                                 f"The{self._pick('noun')}{rng.randint(1, 99)}"))  # fmt: skip

    def _tag(self) -> str:
        return "#" + self._random.choice((self._pick("noun") + self._pick("noun").lower(),
                                          self._pick("heading").replace(" ", "")))  # fmt: skip

    def _plain(self, name: str) -> str:
        return re.sub(r"[^a-z]", "", name.lower()) or "x"

    def _identifier(self) -> str:
        rng = self._random
        letters = "".join(rng.choices("ABCDEFGHKLMNPRSTUVWXYZ", k=4))
        digits = "".join(rng.choices("0123456789", k=10))
        return rng.choice(
            (
                f"#{digits[:5]}",
                f"{letters[:2]}-{digits[:6]}",
                f"{letters}{digits[:7]}",
                digits,
                f"{letters[:3]}{digits[:3]}",
            )
        )

    def _amount(self) -> str:
        amount = f"{self._random.randint(1, 9999)}.{self._random.randint(0, 99):02}"
        return self._random.choice(
            (
                f"${amount}",
                f"{amount} EUR",
                f"€{amount}",
                f"{amount} USD",
                f"£{amount}",
                f"{amount} zł",
            )
        )


def join(pieces: list[Piece], source: str) -> Sample:
    text = ""
    spans = []
    for piece, label in pieces:
        if label:
            spans.append((len(text), len(text) + len(piece), label))
        text += piece
    return Sample(text, spans, source)


def _read_templates(path: Path) -> dict[str, list[str]]:
    read: dict[str, list[str]] = {}
    for line in path.read_text().splitlines():
        if re.fullmatch(r"\[\w+\]", line):
            read[line[1:-1]] = []
        elif line and read:  # what stands above the first language is a comment
            read[list(read)[-1]].append(line.replace("\\n", "\n"))
    return read
