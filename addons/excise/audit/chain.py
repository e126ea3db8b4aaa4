"""The chain over the lines of a trail: pure arithmetic on bytes, for writer and auditor alike.

Every line ends with its number and the SHA-256 of the line before it, `,"seq":7,"prev":"…"}`; the
first line of a file goes on from the last of the file before. A checkpoint carries an Ed25519
signature behind that, over all bytes in front of it, and so vouches for every line up to it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import Final, NamedTuple

GENESIS: Final = "0" * 64
# Bytes that a link and a signature take at most: 18 digits, 64 and 128 hex digits, the names.
_TAIL: Final = 260
_LINK: Final = re.compile(
    rb',"seq":([1-9]\d{0,17}),"prev":"([0-9a-f]{64})"(?:,"signature":"([0-9a-f]{128})")?\}'
)
_SIGNATURE: Final = b',"signature":"'
_PURPOSE: Final = b"excise audit checkpoint\n"


class Head(NamedTuple):
    """The newest line of a chain: its number, and its digest as 64 hex digits."""

    seq: int = 0
    digest: str = GENESIS


class Link(NamedTuple):
    """What a line says of its place; `signature` is "" for all but checkpoints."""

    seq: int
    prev: str
    signature: str = ""


class Dropped(NamedTuple):
    """The last line of a file that retention removed, as a later note in the chain tells it."""

    seq: int
    digest: str


Sign = Callable[[bytes], bytes]
Check = Callable[[bytes, bytes], bool]  # signature, message → whether the known key made it


def digest_of(line: bytes) -> str:
    """The digest of a line without its newline."""
    return sha256(line).hexdigest()


def link(head: Head, line: bytes) -> tuple[bytes, Head]:
    """A rendered line (a JSON object and a newline) with its place in the chain, and the new head.
    The object must not be empty."""
    linked = b'%b,"seq":%d,"prev":"%b"}' % (line[:-2], head.seq + 1, head.digest.encode())
    return linked + b"\n", Head(head.seq + 1, digest_of(linked))


def link_signed(head: Head, line: bytes, sign: Sign) -> tuple[bytes, Head]:
    """`link` for a checkpoint."""
    linked, _ = link(head, line)
    body = linked[:-2]
    signed = b'%b,"signature":"%b"}' % (body, sign(_PURPOSE + body).hex().encode())
    return signed + b"\n", Head(head.seq + 1, digest_of(signed))


def read_link(line: bytes) -> Link | None:
    """The place a line (without its newline) claims; None where it claims none."""
    start = line.rfind(b',"seq":', max(0, len(line) - _TAIL))
    hit = _LINK.fullmatch(line, start) if start >= 0 else None
    if hit is None:
        return None
    seq, prev, signature = hit.groups()
    return Link(int(seq), prev.decode(), signature.decode() if signature else "")


def is_signed_by(line: bytes, signature: str, check: Check) -> bool:
    """Whether a checkpoint's signature fits its bytes."""
    body = line[: line.rfind(_SIGNATURE)]
    return check(bytes.fromhex(signature), _PURPOSE + body)


class Flaw(StrEnum):
    """What can be wrong with a trail."""

    EDITED = "edited"
    MISSING = "missing"
    ORDER = "out of order"
    REPEATED = "repeated"
    FOREIGN = "no place in the chain"
    TORN = "unfinished"
    SIGNATURE = "bad signature"
    UNSIGNED = "unsigned"
    TRUNCATED = "truncated"
    UNREADABLE = "unreadable"
    LOST = "lost"


class Fault(NamedTuple):
    """One thing that is wrong, and where: `line` counts from 1, 0 speaks of the file as a whole."""

    flaw: Flaw
    file: str
    line: int
    wanted: str
    got: str


class _Place(NamedTuple):
    file: str
    line: int


_NOWHERE: Final = _Place("", 0)


@dataclass(slots=True)
class Walk:
    """Follows one chain line by line. `check` verifies signatures; None leaves them unchecked.

    Feed `line` for every line in order and call `finish` once; what is wrong gathers in `faults`.
    """

    check: Check | None = None
    head: Head = field(default_factory=Head)
    faults: list[Fault] = field(default_factory=list)
    lines: int = 0
    unchained: int = 0  # lines in front of the chain, written before there was one
    checkpoints: int = 0
    sealed: int = 0  # number of the last line that a good signature vouches for
    dropped: dict[Dropped, int] = field(default_factory=dict)  # → number of the note's line
    _start: Link | None = None
    _first: _Place = _NOWHERE
    _last: _Place = _NOWHERE
    _odd: int = 0  # lines without a place since the last one that had one

    def line(self, line: bytes, file: str, number: int) -> Link | None:
        """One whole line without its newline."""
        self.lines += 1
        found = read_link(line)
        place = _Place(file, number)
        if found is None:
            self._without_place(line, place)
            return None
        if found.signature:
            self._checkpoint(line, found, place)
        if self._start is None:
            self._begin(found, place)
            moves = True
        else:
            moves = self._compare(found, place, line)
        if moves:
            self.head = Head(found.seq, digest_of(line))
            self._last = place
            self._odd = 0
        return found

    def note(self, dropped: Dropped) -> None:
        """The line fed last says that a file ending with this line was removed."""
        self.dropped[dropped] = self.head.seq

    def accept_start(self) -> None:
        """The lines fed are a piece of a trail: what lies in front of them was not given."""
        if self._start is not None:
            self.dropped[Dropped(self._start.seq - 1, self._start.prev)] = 0

    def blame(self, flaw: Flaw, file: str, line: int, *, wanted: str, got: str) -> None:
        """Something wrong that the caller saw."""
        self.faults.append(Fault(flaw, file, line, wanted, got))

    def finish(self, kept: Head | None = None) -> None:
        """The end of the newest file. `kept` is the head that the state folder remembers."""
        if self._start is not None and self._start.seq > 1:
            self._look_for_note(self._start)
        if self.check is not None and self._start is not None and not self.sealed:
            self._blame(Flaw.UNSIGNED, self._last, "a signed checkpoint", "none that verifies")
        if kept is None:
            return
        if kept.seq > self.head.seq:
            wanted = f"lines up to number {kept.seq}, as the state folder remembers"
            self._blame(Flaw.TRUNCATED, self._last, wanted, f"the last one is {self.head.seq}")
        elif kept.seq == self.head.seq and kept.digest != self.head.digest:
            self._blame(Flaw.EDITED, self._last, f"digest {kept.digest}", self.head.digest)

    def _without_place(self, line: bytes, place: _Place) -> None:
        if self._start is None:
            self.unchained += 1
            self.head = Head(0, digest_of(line))
            return
        self._odd += 1
        wanted = f"line number {self.head.seq + self._odd} with its link"
        self._blame(Flaw.FOREIGN, place, wanted, "a line that was edited or put in")

    def _begin(self, found: Link, place: _Place) -> None:
        self._start, self._first = found, place
        before = self.head.digest
        if found.seq == 1 and found.prev != before:
            self._blame(Flaw.EDITED, place, f"a first line after {before}", f"after {found.prev}")
        if found.seq > 1 and self.unchained:
            self._blame(Flaw.FOREIGN, place, "line number 1", f"number {found.seq}")

    def _compare(self, found: Link, place: _Place, line: bytes) -> bool:
        """Whether the chain goes on from here."""
        head = self.head
        if found.seq <= head.seq:
            same = found.seq == head.seq and digest_of(line) == head.digest
            flaw = Flaw.REPEATED if same else Flaw.ORDER
            self._blame(flaw, place, f"line number {head.seq + 1}", f"number {found.seq}")
            return False
        between = found.seq - head.seq - 1
        if between and between != self._odd:
            gone = f"{head.seq + 1}" + (f" to {found.seq - 1}" if between > 1 else "")
            self._blame(Flaw.MISSING, place, f"line number {gone} before it", f"{found.seq}")
        if not between and found.prev != head.digest:
            self._blame(Flaw.EDITED, self._last, f"digest {found.prev}", head.digest)
        return True

    def _checkpoint(self, line: bytes, found: Link, place: _Place) -> None:
        self.checkpoints += 1
        if self.check is None:
            return
        if is_signed_by(line, found.signature, self.check):
            self.sealed = max(self.sealed, found.seq)
        else:
            self._blame(Flaw.SIGNATURE, place, "a signature of the known key", "another")

    def _look_for_note(self, start: Link) -> None:
        told = self.dropped.get(Dropped(start.seq - 1, start.prev))
        if told is not None and (self.check is None or told <= self.sealed):
            return
        wanted = f"lines 1 to {start.seq - 1}, or a signed note that they were dropped"
        got = "neither" if told is None else "a note that no checkpoint vouches for"
        self._blame(Flaw.MISSING, self._first, wanted, got)

    def _blame(self, flaw: Flaw, place: _Place, wanted: str, got: str) -> None:
        self.blame(flaw, place.file, place.line, wanted=wanted, got=got)
