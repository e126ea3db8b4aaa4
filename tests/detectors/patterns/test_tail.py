"""The tail of a growing text: what may still become a finding stays, all else goes."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rules.samples import CARD, KEY, files, sample_rules

from excise.detectors.build import build_plain_scanner
from excise.detectors.patterns.tail import Tail
from excise.model import Part, Role, Segment, Span
from excise.resources import policies_dir
from excise.rules.compile import CompiledRule, compile_rules
from excise.rules.fillers import fill
from excise.rules.load import load_pack
from excise.text.escapes import unescape
from excise.text.packed import find_open

TAIL = Tail(compile_rules(sample_rules()))
SCANNER = build_plain_scanner(sample_rules())
WORD = 40  # the widest word of the sample rules
TOKEN = fill("key-{alnum:16}", "a")
NUMBER = fill("{pan:visa:4-4-4-4}", "a")


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("", ""),
        ("a plain text. ", ""),
        ("a plain text", "text"),
        ("the key-abc", "key-abc"),
        ("x" * 100, "x" * WORD),
        ("纯文本没有空格", ""),
        ("纯文本key-ab", "key-ab"),
        ("paid 4111 1111 ", "4111 1111 "),
        ("paid 4111 1111 by", "by"),
        ("in 2024 ", "2024 "),
        ("\u00a0", ""),
    ],
)
def test_what_is_kept(text: str, kept: str) -> None:
    """Trailing words and what a rule calls unfinished; other scripts and white space go."""
    assert text[TAIL.hold(text) :] == kept


def test_escaped_words_are_wider() -> None:
    """Six characters may spell one."""
    text = "\\u0061" * WORD
    assert TAIL.hold(f"x {text}") == 2
    assert TAIL.hold("x" * 100 + text) == 100


def test_unfinished_is_seen_through_escapes() -> None:
    """`\\u0020` between the groups of a card number."""
    text = "my card 4111\\u00201111\\u0020"
    assert TAIL.hold(text) <= text.index("4111")


def test_a_window_caps_what_is_kept() -> None:
    """A rule may say that it need not be waited for longer."""
    capped = CARD.replace("hold:", "window: 6\n    hold:")
    tail = Tail(compile_rules(load_pack("sample", files(card=capped)).rules))
    assert tail.hold("411111111111 ") == len("411111111111 ") - 6
    capped = KEY.replace("match:", "window: 6\n    match:")
    tail = Tail(compile_rules(load_pack("sample", files(key=capped)).rules))
    assert tail.hold("x" * 50) == 44


def test_no_rules_keep_nothing() -> None:
    """There is nothing to wait for."""
    assert Tail([]).hold("anything at all") == len("anything at all")


def shipped() -> list[CompiledRule]:
    """The rules of two packs that have a `hold`."""
    rules = []
    for name in ("pci", "secrets"):
        folder = policies_dir() / "packs" / name
        paths = [*folder.glob("*.yaml"), *folder.glob("lists/*.txt")]
        pack = load_pack(name, {str(p.relative_to(folder)): p.read_text("utf-8") for p in paths})
        rules += [rule for rule in pack.rules if rule.hold and rule.asked is None]
    return list(compile_rules(rules))


HOLDING = shipped()
SHIPPED = Tail(HOLDING)
begun = st.sampled_from(
    [
        *("-----BEGIN RSA PRIVATE KEY-----\n", "-----BEGIN ", "PRIVATE KEY", "--", "-----END A"),
        *("LS0tLS1CRUdJTi", "LS0tLS1", "PuTTY-User-Key-File-2: ", "PuTTY-", "P", "L"),
        *("1, 2, ", "0x1f, ", "41 11 ", "+49 30 ", "%B41", "AB12 ", "XX**", "01/2", "12."),
        *("\\n", "\\\\", "\\u002d", "\\x2d", "\\ud83d\\ude00", "\ud83d", " ", "\n", "a", "\u00e9"),
        *("QUFB" * 30, "x" * 200 + " ", "The word "),
    ]
)


@given(st.lists(begun, max_size=12).map("".join))
def test_little_is_searched_and_nothing_missed(text: str) -> None:
    """What is kept for shipped rules is what each pattern says of the whole text, as it is and
    with its escapes decoded."""
    assert SHIPPED.hold(text) == _earliest(text)


def _earliest(text: str) -> int:
    escaped = any(mark in text[-480:] for mark in "\\%&")
    widest = 80 * (6 if escaped and len(text) - _run(text) > 80 else 1)
    starts = [max(_run(text), len(text) - widest), _first(text), find_open(text)]
    view = unescape(text)
    if view is not None and view.text:
        start = _first(view.text)
        if start < len(view.text):
            starts.append(view.back(Span(start, len(view.text))).start)
    return min(starts)


def _run(text: str) -> int:
    return len(text.rstrip("".join(map(chr, range(33, 127)))))


def _first(text: str) -> int:
    """Where the first match of any pattern begins."""
    matches = [
        rule.hold.pattern.search(text, max(0, len(text) - rule.hold.reach))
        for rule in HOLDING
        if rule.hold
    ]
    return min((match.start() for match in matches if match), default=len(text))


pieces = st.sampled_from(
    [
        TOKEN,
        NUMBER,
        "card ",
        "password: ",
        fill("{alnum:12}", "b"),
        " ",
        "\n",
        "é",
        "文",
        "x" * 50,
        "-",
    ]
)


@example(words=["password: ", "password: ", "é", NUMBER], cuts=[21])
@given(words=st.lists(pieces, max_size=8), cuts=st.lists(st.integers(0, 300), max_size=12))
def test_a_cut_stream_finds_what_the_whole_holds(words: list[str], cuts: list[int]) -> None:
    """Texts fed in pieces, of which the decided part is let go: no finding begins in what has gone
    before it was found, and each is found with the same span."""
    text = "".join(words)
    whole = {f.span for f in SCANNER.scan([_segment(text)], whole=False)[0]}
    gone, streamed = 0, set[Span]()
    for cut in [*sorted({min(cut, len(text)) for cut in cuts}), len(text)]:
        part = text[:cut]
        decided = SCANNER.hold(part) if cut < len(text) else len(text)
        found = {f.span for f in SCANNER.scan([_segment(part)], whole=False)[0]}
        decided = min([decided, *(s.start for s in found if s.start < decided < s.end)])
        if decided > gone:
            streamed |= {s for s in found if gone <= s.start and s.end <= decided}
            gone = decided
    assert streamed == whole


def _segment(text: str) -> Segment:
    return Segment(text, Role.ASSISTANT, Part.COMPLETION, 0)
