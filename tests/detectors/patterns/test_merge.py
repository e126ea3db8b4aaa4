"""Merging: who wins, and that nothing of a loser stays uncovered."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from excise.detectors.patterns.merge import merge
from excise.model import Finding, Kind, Severity, Span


def finding(start: int, end: int, rule: str = "p.r", **changes: object) -> Finding:
    """A finding of a specific rule of high severity."""
    made = Finding("secret.x", rule, Span(start, end), 0.95, Severity.HIGH, Kind.SECRET)
    return made._replace(**changes)


def test_findings_apart_stay() -> None:
    """Touching is not overlapping."""
    apart = [finding(0, 3), finding(3, 6)]
    assert merge(reversed(apart)) == apart


def test_the_specific_rule_wins() -> None:
    """Over a longer and graver generic one, and grows over it."""
    generic = finding(0, 20, "p.generic", score=0.6, severity=Severity.CRITICAL)
    (won,) = merge([generic, finding(5, 10, "p.vendor")])
    assert (won.rule, won.span) == ("p.vendor", Span(0, 20))


def test_then_the_graver_then_the_longer() -> None:
    """Severity before length."""
    grave = finding(4, 8, "p.grave", severity=Severity.CRITICAL)
    (won,) = merge([finding(0, 9, "p.long"), grave])
    assert (won.rule, won.span) == ("p.grave", Span(0, 9))
    (won,) = merge([finding(0, 9, "p.long"), finding(4, 8, "p.short", score=0.95)])
    assert won.rule == "p.long"


def test_a_hull_does_not_make_a_winner_longer() -> None:
    """What counts is the length that was found, not what it has grown over."""
    (won,) = merge([finding(0, 4, "p.a"), finding(3, 6, "p.b"), finding(5, 10, "p.c")])
    assert (won.rule, won.span) == ("p.c", Span(0, 10))


def test_layers_leave_each_other_alone() -> None:
    """A key in a block of code, and an address in a link that is only recorded, stay small."""
    block = finding(0, 90, "p.code", kind=Kind.CODE)
    link = finding(20, 60, "p.link", severity=Severity.LOW)
    key = finding(30, 40, "p.key")
    assert merge([block, link, key], frozenset({"p.link"})) == [block, link, key]
    (won,) = merge([link, key])
    assert won.span == Span(20, 60)


spans = st.tuples(st.integers(0, 30), st.integers(1, 10)).map(lambda p: (p[0], p[0] + p[1]))
findings = st.builds(
    lambda span, rule, score, severity: finding(*span, rule, score=score, severity=severity),
    spans,
    st.sampled_from(["p.a", "p.b"]),
    st.sampled_from([0.6, 0.95, 0.99]),
    st.sampled_from(list(Severity)),
)


@given(found=st.lists(findings, max_size=8), data=st.data())
def test_the_same_characters_are_covered(found: list[Finding], data: st.DataObject) -> None:
    """Merged findings cover what was covered, do not overlap, and do not depend on the order."""
    merged = merge(found)

    def covered(items: list[Finding]) -> set[int]:
        return {at for item in items for at in range(*item.span)}

    assert covered(merged) == covered(found)
    assert all(a.span.end <= b.span.start for a, b in pairwise(merged))
    assert [m.span for m in merge(merged)] == [m.span for m in merged]
    assert {m.rule for m in merged} <= {f.rule for f in found}
    again = merge(data.draw(st.permutations(found)))
    assert [m.span for m in again] == [m.span for m in merged]


def test_words_about_a_call_stand_beside_each_other() -> None:
    """None of them is a value that another one covers."""
    one = Finding("tool.shell", "r", Span(0, 9), 1.0, Severity.INFO, Kind.ABUSE, "tool-guard")
    other = one._replace(entity="tool.unknown")
    assert merge([one, other]) == [one, other]
    assert len(merge([one, other._replace(detector="pattern"), one])) == 2
