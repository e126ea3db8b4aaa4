"""No line can be changed, taken out, put in, moved or doubled without the walk saying where."""

from __future__ import annotations

import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from excise.audit.chain import (
    GENESIS,
    Dropped,
    Flaw,
    Head,
    Walk,
    digest_of,
    link,
    link_signed,
    read_link,
)
from excise.state.signing import Signer

SIGNER = Signer(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
OTHER = Signer(Ed25519PrivateKey.from_private_bytes(bytes(32)))


def build(count: int = 6, signer: Signer = SIGNER, head: Head = Head()) -> list[bytes]:  # noqa: B008
    """Lines without newlines; the last one is a checkpoint."""
    lines = []
    for number in range(count):
        rendered = json.dumps({"id": f"x{number}", "say": '","seq":9'}).encode() + b"\n"
        linked, head = link(head, rendered)
        lines.append(linked[:-1])
    signed, _ = link_signed(head, b'{"stage":"checkpoint"}\n', signer.sign)
    return [*lines, signed[:-1]]


def walk(lines: list[bytes], kept: Head | None = None, signer: Signer | None = SIGNER) -> Walk:
    walked = Walk(check=signer.verifier.check if signer else None)
    for number, line in enumerate(lines, 1):
        walked.line(line, "t", number)
    walked.finish(kept)
    return walked


def flaws(walked: Walk) -> list[tuple[Flaw, int]]:
    return [(fault.flaw, fault.line) for fault in walked.faults]


LINES = build()


def test_an_untouched_chain_holds() -> None:
    walked = walk(LINES, Head(7, digest_of(LINES[-1])))
    assert walked.faults == []
    assert (walked.lines, walked.checkpoints, walked.sealed) == (7, 1, 7)
    assert json.loads(LINES[0])["prev"] == GENESIS


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        ([LINES[0], LINES[1].replace(b"x1", b"y1"), *LINES[2:]], [(Flaw.EDITED, 2)]),
        ([LINES[0].replace(b"x0", b"y0"), *LINES[1:]], [(Flaw.EDITED, 1)]),
        ([*LINES[:2], *LINES[3:]], [(Flaw.MISSING, 3)]),
        (LINES[2:], [(Flaw.MISSING, 1)]),
        ([*LINES[:3], LINES[2], *LINES[3:]], [(Flaw.REPEATED, 4)]),
        ([*LINES[:3], LINES[0], *LINES[3:]], [(Flaw.ORDER, 4)]),
        (
            [LINES[0], LINES[2], LINES[1], *LINES[3:]],
            [(Flaw.MISSING, 2), (Flaw.ORDER, 3)],
        ),
        ([*LINES[:3], b'{"id":"new"}', *LINES[3:]], [(Flaw.FOREIGN, 4)]),
        ([*LINES[:2], LINES[2][:-4] + b'Z"}', *LINES[3:]], [(Flaw.FOREIGN, 3)]),
        (LINES[:-1], [(Flaw.UNSIGNED, 6), (Flaw.TRUNCATED, 6)]),
        (LINES[:3], [(Flaw.UNSIGNED, 3), (Flaw.TRUNCATED, 3)]),
        (
            [*LINES[:-1], LINES[-1].replace(b"checkpoint", b"checkpaint")],
            [(Flaw.SIGNATURE, 7), (Flaw.UNSIGNED, 7), (Flaw.EDITED, 7)],
        ),
    ],
)
def test_each_kind_of_change_is_named_with_its_line(
    lines: list[bytes], wanted: list[tuple[Flaw, int]]
) -> None:
    assert flaws(walk(lines, Head(7, digest_of(LINES[-1])))) == wanted


def test_a_chain_made_anew_with_another_key_does_not_pass() -> None:
    forged = build(signer=OTHER)
    assert (Flaw.SIGNATURE, 7) in flaws(walk(forged))
    assert walk(forged, signer=None).faults == []


def test_a_beginning_that_was_dropped_needs_a_note_under_a_signature() -> None:
    third = read_link(LINES[2])
    assert third is not None
    dropped = Dropped(2, third.prev)
    for told, holds in ((5, True), (99, False)):
        walked = Walk(check=SIGNER.verifier.check)
        for number, line in enumerate(LINES[2:], 1):
            walked.line(line, "t", number)
        walked.dropped[dropped] = told
        walked.finish()
        assert (walked.faults == []) is holds
    piece = Walk(check=None)
    piece.line(LINES[3], "t", 1)
    piece.accept_start()
    piece.finish()
    assert piece.faults == []


def test_lines_from_before_the_chain_are_counted_and_held_by_the_first_link() -> None:
    old = b'{"id":"old"}'
    lines = [old, *build(2, head=Head(0, digest_of(old)))]
    walked = walk(lines)
    assert walked.faults == [] and walked.unchained == 1
    assert flaws(walk([b'{"id":"OLD"}', *lines[1:]])) == [(Flaw.EDITED, 2)]


@given(data=st.data())
def test_no_bit_can_be_flipped_unseen(data: st.DataObject) -> None:
    """Over every byte of a chain that ends with a checkpoint, newlines included, without the
    state folder's help."""
    raw = b"\n".join(LINES) + b"\n"
    place = data.draw(st.integers(0, len(raw) * 8 - 1))
    flipped = bytearray(raw)
    flipped[place // 8] ^= 1 << place % 8
    lines = bytes(flipped).split(b"\n")
    torn = lines.pop() != b""
    assert torn or walk(lines).faults


def test_every_bit_of_the_whole_chain_is_held() -> None:
    raw = b"\n".join(LINES) + b"\n"
    for place in range(0, len(raw) * 8, 3):
        flipped = bytearray(raw)
        flipped[place // 8] ^= 1 << place % 8
        lines = bytes(flipped).split(b"\n")
        assert lines.pop() != b"" or walk(lines).faults, place
