"""The scanner: labels, escapes, memory, and spans in the text as received."""

import base64
import gzip
import threading
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rules.samples import sample_rules

from excise.detectors.base import Glance
from excise.detectors.build import build_plain_scanner, build_scanner
from excise.detectors.memory import REMEMBERED
from excise.detectors.patterns.prefilter import Everything, Hits
from excise.detectors.patterns.scan import PatternScanner, Verdict, _news
from excise.model import Direction, Finding, Kind, Part, Role, Segment, Severity, Span
from excise.rules.compile import compile_rules
from excise.rules.examples import DISGUISES
from excise.rules.fillers import fill
from excise.text.budget import MOST_RUNS

TOKEN = fill("key-{alnum:16}", "a")
PASSWORD = fill("{alnum:12}", "a")
CARD = fill("{pan:visa:4-4-4-4}", "a")
SCANNER = build_scanner(sample_rules())
PLAIN = build_plain_scanner(sample_rules())
# What can hold any other disguise.
NESTING = ("base64", "base64_url", "hex", "gzip", "percent", "html", "quoted_printable")


def segment(text: str, label: str = "") -> Segment:
    """A prompt."""
    return Segment(text, Role.USER, Part.PROMPT, 0, label=label)


def glances(segments: list[Segment]) -> list[Glance]:
    """As the full scanner shows them."""
    return [Glance(each) for each in segments]


def values(text: str, label: str = "") -> list[tuple[str, str]]:
    """Rule and found text."""
    found = SCANNER.scan([segment(text, label)])[0]
    return [(f.rule, text[f.span.start : f.span.end]) for f in found]


def test_a_finding_says_all() -> None:
    """Entity, rule, place, trust, harm and kind."""
    (card,) = SCANNER.scan([segment(f"card {CARD}")])[0]
    assert card == Finding(
        "pci.pan", "sample.card", Span(5, 24), 0.99, Severity.HIGH, Kind.PAYMENT, "pattern"
    )
    (key,) = SCANNER.scan([segment(TOKEN)])[0]
    (generic,) = SCANNER.scan([segment(f"password={PASSWORD}")])[0]
    assert generic.score < key.score < card.score


def test_each_segment_gets_its_own() -> None:
    """In the order of the segments, none for those without."""
    found = SCANNER.scan([segment(""), segment(TOKEN), segment("x"), segment(f" {TOKEN}")])
    assert [[f.span for f in each] for each in found] == [[], [(0, 20)], [], [(1, 21)]]


def test_nothing_is_found_across_segments() -> None:
    """A value cut in two is two texts."""
    assert SCANNER.scan([segment(TOKEN[:10]), segment(TOKEN[10:])]) == [(), ()]


@pytest.mark.parametrize(
    ("text", "label", "found"),
    [
        (PASSWORD, "password", [("sample.password", PASSWORD)]),
        (PASSWORD, "user_password", [("sample.password", PASSWORD)]),
        (PASSWORD, "name", []),
        (f"{PASSWORD} and more", "password", [("sample.password", PASSWORD)]),
        (CARD, "card", [("sample.card", CARD)]),
        ("", "password", []),
        (f"x {TOKEN}", "password", [("sample.key", TOKEN)]),
        (f"password={PASSWORD}", "password", [("sample.password", PASSWORD)]),
    ],
)
def test_a_label_is_context(text: str, label: str, found: list[tuple[str, str]]) -> None:
    """Read in front of the text; spans never count it."""
    assert [pair for pair in values(text, label) if pair[1] in (PASSWORD, CARD, TOKEN)] == found


@pytest.mark.parametrize("secret_label", [TOKEN, f"password={PASSWORD}"])
def test_a_secret_in_the_label_is_not_of_the_text(secret_label: str) -> None:
    """Its own segment holds it; here nothing may be cut for it."""
    assert values("hello there", secret_label) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"\\u006b{TOKEN[1:]}", f"\\u006b{TOKEN[1:]}"),
        (f"\\n{TOKEN}\\n", TOKEN),
        (f'{{\\"password\\": \\"{PASSWORD}\\"}}', PASSWORD),
        (f"C:\\{TOKEN}", TOKEN),
    ],
)
def test_escapes_are_read_through(text: str, found: str) -> None:
    """And spans cover the escape, not what it stands for."""
    assert found in [value for _, value in values(text)]


class Counting:
    """A prefilter that counts the texts it is asked about."""

    def __init__(self) -> None:
        self.inner = Everything(compile_rules(sample_rules()))
        self.numbers = self.inner.numbers
        self.asked = 0

    def hits(self, texts: list[str], _labels: list[str]) -> Hits:
        self.asked += len(texts)
        return self.inner.hits(texts)


def test_texts_are_remembered() -> None:
    """The second time costs no search, of a short text neither; another label is another text."""
    counting = Counting()
    scanner = PatternScanner(compile_rules(sample_rules()), counting)  # type: ignore[arg-type]
    long, short = segment(f"{TOKEN} " + "x" * 600), segment(TOKEN)
    first = scanner.scan([long, short])
    assert counting.asked == 4  # each as it is, and its long word turned
    assert scanner.scan([long, short]) == first and counting.asked == 4
    scanner.scan([long._replace(label="name")])
    assert counting.asked == 7


def test_many_short_texts_do_not_push_out_a_long_one() -> None:
    counting = Counting()
    scanner = PatternScanner(compile_rules(sample_rules()), counting)  # type: ignore[arg-type]
    long = segment("a long text " * 60)
    scanner.scan([long, *(segment(str(number)) for number in range(REMEMBERED + 1))])
    asked = counting.asked
    scanner.scan([long])
    assert counting.asked == asked


def test_memory_is_bounded_and_holds_no_text() -> None:
    """The oldest is forgotten; keys are digests."""
    scanner = build_plain_scanner(sample_rules()).pattern
    for number in range(REMEMBERED + 10):
        scanner.memory.put(number.to_bytes(16), Verdict(()))
    assert len(scanner.memory._known) == REMEMBERED
    scanner.scan([segment(f"{TOKEN} " + "x" * 600)])
    assert TOKEN not in repr(scanner.memory._known)


def test_threads_find_the_same() -> None:
    """One scanner serves many."""
    segments = [segment(f"{TOKEN} {n} card {CARD}") for n in range(50)]
    alone, results = SCANNER.scan(segments), list[object]()
    threads = [
        threading.Thread(target=lambda: results.append(SCANNER.scan(segments))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [alone] * 8


def test_reach_is_the_widest_of_all_rules() -> None:
    """What a stream must keep in front of what is undecided."""
    assert SCANNER.pattern.reach == max(rule.reach for rule in compile_rules(sample_rules()))
    assert build_plain_scanner([]).pattern.reach == 0 and build_plain_scanner([]).scan([]) == []


@given(text=st.text("ab\\un06k\"'{}é\ud83d \n", max_size=80) | st.text(max_size=80))
def test_spans_lie_in_the_text(text: str) -> None:
    """Whatever stands around a secret, its span is in the text and covers it."""
    whole = f"{text} {TOKEN} {text}"
    found = [f.span for f in SCANNER.scan([segment(whole, "password")])[0]]
    assert all(0 <= start < end <= len(whole) for start, end in found)
    at = len(text) + 1
    assert any(start <= at and at + len(TOKEN) <= end for start, end in found)


@pytest.mark.parametrize("name", sorted(DISGUISES))
def test_disguises_are_seen_through(name: str) -> None:
    """By both ways of searching, and the whole disguised value is covered."""
    text, spans = DISGUISES[name](f"see {TOKEN} now", [Span(4, 4 + len(TOKEN))])
    for build in (build_scanner, build_plain_scanner):
        found = build(sample_rules()).scan([segment(text)])[0]
        assert spans <= {finding.span for finding in found}


def test_disguises_nest() -> None:
    """Base64 in percent escapes in full width is covered as one run."""
    text, spans = TOKEN, frozenset({Span(0, len(TOKEN))})
    for name in ("base64", "percent", "fullwidth"):
        text, spans = DISGUISES[name](text, spans)
    found = build_plain_scanner(sample_rules()).scan([segment(text)])[0]
    assert spans <= {finding.span for finding in found}


def test_a_piece_of_a_growing_text_has_no_disguises() -> None:
    """Where a stream is cut must not decide what is found."""
    disguised = DISGUISES["fullwidth"](TOKEN, [Span(0, len(TOKEN))])[0]
    (whole,), (piece,) = (
        SCANNER.scan([segment(disguised)], whole=True),
        SCANNER.scan([segment(disguised)], whole=False),
    )
    assert whole
    assert piece == ()
    assert SCANNER.scan([segment(TOKEN)], whole=False)[0]


GROWING = ("base64", "base64_url", "base64_lines", "gzip", "hex", "percent", "html")


@pytest.mark.parametrize("name", GROWING)
def test_an_encoded_value_in_a_growing_text_waits_for_its_end(name: str) -> None:
    """Law: wherever the text is cut, nothing of it is let go before it is found."""
    text, spans = DISGUISES[name](f"see {TOKEN} now, ok", [Span(4, 4 + len(TOKEN))])
    (span,) = spans
    for cut in range(1, len(text) + 1):
        decided = SCANNER.hold(text[:cut])
        (found,) = SCANNER.scan([segment(text[:cut])], whole=False)
        through = min([decided, *(f.span.start for f in found if f.span.end > decided)])
        if through > span.start:
            assert any(f.span.start <= span.start and span.end <= f.span.end for f in found)


@pytest.mark.parametrize(
    "write", [lambda each: each[::-1], lambda each: each[:9] + "**" + each[9:]]
)
def test_guesses_count_for_values_of_a_form_of_their_own(write: Callable[[str], str]) -> None:
    """And for no others: a password stands backwards by chance."""
    (found,) = SCANNER.scan([segment(f"see {write(TOKEN)} now")])
    assert [f.span for f in found] == [Span(4, 4 + len(write(TOKEN)))]
    assert SCANNER.scan([segment(f"see {write(TOKEN)} now")], whole=False) == [()]


def test_no_text_is_too_long() -> None:
    """A disguise behind a megabyte is seen as one in front of it is."""
    disguised, spans = DISGUISES["zero_width"](TOKEN, [Span(0, len(TOKEN))])
    far = "word " * 200_000
    (found,) = SCANNER.scan([segment(far + disguised)])
    assert [finding.span for finding in found] == [
        Span(len(far) + span.start, len(far) + span.end) for span in spans
    ]


def coded(number: int) -> str:
    """A token in base64, another for each number."""
    return base64.b64encode(fill("key-{alnum:16}", str(number)).encode()).decode()


def test_one_budget_is_spent_in_the_order_of_the_message() -> None:
    """The segments behind its end say so; texts that are remembered take nothing from it."""
    scanner = build_plain_scanner(sample_rules()).pattern
    lines = [coded(number) for number in range(MOST_RUNS + 10)]
    cut = MOST_RUNS - 10
    message = [
        segment("\n".join(lines[:cut])),
        segment("nothing here"),
        segment("\n".join(lines[cut:])),
        segment(TOKEN + " and plain"),
        segment(lines[0]),
    ]
    first = scanner.look(glances(message))
    assert [len(each) for each in first.findings] == [cut, 0, 10, 1, 0]
    assert first.exhausted == (2, 4)
    again = scanner.look(glances(message))
    assert [len(each) for each in again.findings] == [cut, 0, 20, 1, 1]
    assert again.exhausted == ()
    assert scanner.scan(message) == again.findings
    assert first.passing == {2, 4} and not again.passing


def test_what_no_budget_is_enough_for_is_remembered() -> None:
    """And told of each time."""
    scanner = build_plain_scanner(sample_rules()).pattern
    message = [segment("\n".join(coded(number) for number in range(MOST_RUNS + 10)))]
    first = scanner.look(glances(message))
    assert first.exhausted == (0,) and len(scanner.memory._known) == 1
    assert scanner.look(glances(message)) == first


def test_a_text_in_which_a_rule_begins_everywhere_is_told_of(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What was left untried is; the next text is read as any other."""
    monkeypatch.setattr("excise.detectors.patterns.work._LEAST", 0)
    monkeypatch.setattr("excise.detectors.patterns.work._FOR_EACH", 0.1)
    scanner = build_plain_scanner(sample_rules()).pattern
    message = [segment("key-EXAMPLE123456789 " * 500), segment(f"{TOKEN} {'x' * 600}")]
    for _ in range(2):
        looked = scanner.look(glances(message))
        assert looked.exhausted == (0,) and [len(each) for each in looked.findings] == [0, 1]


def test_a_bomb_is_told_of() -> None:
    """What unpacks to more than is read is read in part."""
    bomb = base64.b64encode(gzip.compress(b"word " * 2_000_000)).decode()
    assert SCANNER.pattern.look(glances([segment(f"{bomb} {TOKEN}")])).exhausted == (0,)


def test_a_label_is_context_of_a_disguise() -> None:
    """As it is of the plain text."""
    text, spans = DISGUISES["percent"](PASSWORD, [Span(0, len(PASSWORD))])
    found = SCANNER.scan([segment(text, "password")])[0]
    assert {finding.span for finding in found if finding.rule == "sample.password"} == spans


# Words of one letter around a spaced-out value would be letters of it.
around = st.lists(st.sampled_from(["well", "then,", "so:", "(ok)", "\n"]), max_size=6).map(" ".join)
values_in = st.builds(
    lambda before, after: (f"{before} {TOKEN} {after}", Span(len(before) + 1, len(before) + 21)),
    around,
    around,
)


@settings(max_examples=300)
@given(values_in, st.sampled_from(sorted(DISGUISES)), st.sampled_from([*NESTING, ""]))
def test_a_disguised_value_is_covered_as_a_whole(
    planted: tuple[str, Span], inner: str, outer: str
) -> None:
    """Law: for every disguise, and one in another."""
    text, spans = DISGUISES[inner](planted[0], [planted[1]])
    if outer:
        text, spans = DISGUISES[outer](text, spans)
    for scanner in (SCANNER, PLAIN):
        assert spans <= {finding.span for finding in scanner.scan([segment(text)])[0]}


@given(st.text("abcdefgh .,:\n", max_size=300), st.integers(0, 300))
def test_a_text_without_disguises_is_found_as_before(words: str, at: int) -> None:
    """Law: views add nothing to plain words around a plain value."""
    text = f"{words[:at]} {TOKEN} {words[at:]}"
    assert SCANNER.scan([segment(text)]) == SCANNER.scan([segment(text)], whole=False)


def test_what_reads_requests_only_says_nothing_of_a_growing_text() -> None:
    """Answers alone come in pieces."""
    asks = [replace(rule, directions=frozenset({Direction.REQUEST})) for rule in sample_rules()]
    for scanner in (build_scanner(asks), build_plain_scanner(asks)):
        assert scanner.scan([segment(TOKEN)])[0]
        assert scanner.scan([segment(TOKEN)], whole=False) == [()]


def finding(start: int, size: int) -> Finding:
    return Finding("pii.x", "gdpr.x", Span(start, start + size), 1.0, Severity.LOW, Kind.PERSONAL)


FOUND = st.lists(st.builds(finding, st.integers(0, 30), st.integers(1, 9)), max_size=12)


@given(FOUND, FOUND)
def test_news_is_what_lies_in_nothing_found_before(new: list[Finding], old: list[Finding]) -> None:
    """As looking at every pair would say, which a text full of values would be slow with."""
    wanted = [
        each
        for each in new
        if not any(o.span.start <= each.span.start and each.span.end <= o.span.end for o in old)
    ]
    assert _news(new, set(old)) == wanted
