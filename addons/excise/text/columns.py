"""Tables in text, read cell by cell behind the names of their columns.

`ssn,phone` above `219099999,4155552671` reads `ssn: 219099999`, `phone: 4155552671`, as a form
would have it: what a rule knows by the word in front of it stands in tables far from that word.
Read are lines with one separator (RFC 4180, tab, semicolon, bar; Markdown and psql among them) and
the rows of SQL's `INSERT`. Only columns whose names tell what is in them are shown.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Final, NamedTuple

from excise.model import Span
from excise.text.budget import Budget

_TELLING: Final = (
    "passw|passwd|pwd|passphrase|passcode|pass\\b|secret|token|credential|"
    "(?:api|access|private|client|secret|license|encryption|signing|account|auth)[ _-]?key|pin\\b|"
    "ssn|social|sin\\b|nino\\b|national|nid\\b|id[ _-]?(?:no|num|card)|identity|identif|"
    "tax|tin\\b|ein\\b|vat|steuer|"
    "aadha|cpf|cnpj|nhs|bsn|dni|nie\\b|nif|pesel|codice|sozialvers|rrn\\b|curp|"
    "dob|birth|born|geb(?:\\b|urt|oren)|naissance|nacimiento|nascita|nascimento|"
    "phone|mobile|cell\\b|tel\\b|telef|tél|fax|handy|whatsapp|"
    "passport|reisepass|licen[cs]e|driv|iban|bic\\b|swift|account|konto|acct|routing|"
    "sort[ _-]?code|card|pan\\b|cvv|cvc|expir|exp\\b|zip|postal|postcode|plz|street|address|addr|"
    "mrn|medical|patient|insur|health|member|policy[ _-]?n|imei|vin\\b|plate|kennzeichen|"
    "user[ _-]?name|login|wallet"
)
_NAME: Final = re.compile(rf"(?:\b|_)(?:{_TELLING})", re.I)
_PLAIN: Final = re.compile(r"[^\W\d_][\w .#/-]{0,39}(?:\([\w .#/-]{1,20}\))?")
_SEPARATORS: Final = ",;\t|"
_CELL: Final = r"[ \"'`*]{0,4}[A-Za-z][^\n,;\t|<>=]{0,60}"
# A line of names above another line; the newline in front is what lines are quickly found by.
_HEADER: Final = re.compile(rf"\n(?=\|?{_CELL}(?:[{_SEPARATORS}]{_CELL}){{1,63}}\|?[ \t\r]*\n)")
_RULE: Final = re.compile(r"[ \t|:+=-]+")
_QUOTED: Final = {each: re.compile(rf'(?:"[^"]*"|[^"{each}])*') for each in _SEPARATORS}
_INSERT: Final = re.compile(r"\)\s{0,8}(?:VALUES|values|Values)\s{0,8}(?=\()")
# A text that nothing closes is taken to the end: looked for from each quote, it would cost squares.
_TOKEN: Final = re.compile(r"'(?:[^'\\]|\\.)*+(?:'|\Z|\\\Z)|[^'(),]+|.", re.DOTALL)
_NEXT: Final = re.compile(r"\s{0,8},\s{0,8}(?=\()")
_FEWEST: Final = 2  # columns of a table
_FAR: Final = 4096  # characters of a row in SQL, and of the names above it
_ROOM: Final = 4096  # characters of names that may be added to a short text


class _Cell(NamedTuple):
    name: str
    start: int
    end: int


_Reader = Callable[[str, int], Iterator[_Cell]]


@dataclass(frozen=True, slots=True)
class Columns:
    """The telling cells of a text, each on a line behind its column's name, and the way back."""

    text: str = field(repr=False)
    shown: tuple[int, ...]  # where each cell starts here
    starts: tuple[int, ...]  # and where it stands in the original
    ends: tuple[int, ...]

    def back(self, span: Span) -> Span:
        """The span in the original, from cell to cell: names of columns do not stand there."""
        first = max(bisect_right(self.shown, span.start) - 1, 0)
        start = self.starts[first] + max(span.start - self.shown[first], 0)
        if start >= self.ends[first] and first + 1 < len(self.starts):
            start = self.starts[first + 1]
        last = max(bisect_left(self.shown, span.end) - 1, 0)
        end = min(self.starts[last] + span.end - self.shown[last], self.ends[last])
        return Span(start, max(start, end))


def read_columns(text: str, budget: Budget) -> Columns | None:
    """The telling columns of all tables in the text, or None where it has none.

    Names are added up to the length of the text; what has no room then is told to the budget.
    """
    parts: list[str] = []
    shown: list[int] = []
    kept: list[_Cell] = []
    at, left = 0, len(text) + _ROOM
    for cell in _cells(text):
        head = f"\n{cell.name}: "
        left -= len(head)
        if left < 0:
            budget.exhausted = True
            break
        parts += head, text[cell.start : cell.end]
        shown.append(at + len(head))
        at = shown[-1] + cell.end - cell.start
        kept.append(cell)
    if not kept:
        return None
    _, starts, ends = zip(*kept, strict=True)
    return Columns("".join(parts), tuple(shown), starts, ends)


def _cells(text: str) -> Iterator[_Cell]:
    """Of all tables, in order; what one of them holds is not read as the names of the next."""
    done = 0
    for start, read in sorted((*_headers(text), *_inserts(text)), key=itemgetter(0)):
        if start >= done:
            for cell in read(text, start):
                yield cell
                done = cell.end


def _headers(text: str) -> Iterator[tuple[int, _Reader]]:
    if "\n" in text:
        for found in _HEADER.finditer(f"\n{text}"):
            yield found.start(), _lines


def _inserts(text: str) -> Iterator[tuple[int, _Reader]]:
    for found in _INSERT.finditer(text):
        yield found.start(), _tuples


def _lines(text: str, start: int) -> Iterator[_Cell]:
    """The lines below the line of names at `start` that have as many cells, as far as they go."""
    end = text.find("\n", start)
    separator = max(_SEPARATORS, key=text[start:end].count)
    names = _names(_split(text[start:end], separator))
    wanted = [number for number, name in enumerate(names) if name]
    while wanted and 0 <= end < len(text):
        start, end = end + 1, text.find("\n", end + 1)
        line = text[start : end if end >= 0 else len(text)]
        if line and _RULE.fullmatch(line):
            continue
        cells = _split(line, separator)
        if len(cells) != len(names):
            return
        for number in wanted:
            at = start + sum(map(len, cells[:number])) + number
            yield from _cell(names[number], cells[number], at)


def _tuples(text: str, start: int) -> Iterator[_Cell]:
    """The rows of `(a, b) VALUES (1, 2), (3, 4)`, whose names end at `start`."""
    opened = text.rfind("(", max(start - _FAR, 0), start)
    head = _INSERT.match(text, start)
    names = _names(text[opened + 1 : start].split(",")) if opened >= 0 else []
    at = head.end() if head is not None and any(names) else -1
    while at >= 0:
        row, at = _row(text, at + 1), at + 1
        if len(row) != len(names):
            return
        for name, cell in zip(names, row, strict=True):
            if name:
                yield from _cell(name, cell, at)
            at += len(cell) + 1
        follows = _NEXT.match(text, at)
        at = follows.end() if follows is not None else -1


def _row(text: str, start: int) -> list[str]:
    """The values of a row in parentheses, which a comma apart make it up; none if it has no end."""
    cells, depth = [""], 0
    for token in _TOKEN.finditer(text, start, start + _FAR):
        depth += {"(": 1, ")": -1}.get(token[0], 0)
        if depth < 0:
            return cells
        if token[0] == "," and not depth:
            cells.append("")
        else:
            cells[-1] += token[0]
    return []


def _split(line: str, separator: str) -> list[str]:
    """The cells of a line, which a separator apart make up the line."""
    if '"' not in line:
        return line.split(separator)
    cell = _QUOTED[separator]
    cells, at = [], 0
    while at <= len(line):
        found = cell.match(line, at)
        end = found.end() if found is not None else at
        if line[end : end + 1] not in ("", separator):  # a quote that nothing closes
            return line.split(separator)
        cells.append(line[at:end])
        at = end + 1
    return cells


def _names(cells: list[str]) -> list[str]:
    """The names of a table's columns, those that tell nothing empty; none if it is no table."""
    names = [each.strip("\"'`* \t\r") for each in cells]
    if len(names) < _FEWEST or not all(map(_PLAIN.fullmatch, filter(None, names))):
        return []
    return [name if _NAME.search(name) else "" for name in names]


def _cell(name: str, cell: str, at: int) -> Iterator[_Cell]:
    value = cell.strip()
    if value:
        start = at + cell.find(value)
        yield _Cell(name, start, start + len(value))
