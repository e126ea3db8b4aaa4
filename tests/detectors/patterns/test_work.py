"""Work on one text is bounded, and none for a short one."""

from excise.detectors.patterns.work import Work


def lost(work: Work, rule: str, width: int) -> int:
    """How many attempts a rule has."""
    count = 1
    while work.lose(rule, width):
        count += 1
    return count


def test_wide_rules_have_fewer_attempts() -> None:
    """An attempt costs more, the wider a match may be."""
    assert lost(Work(1000), "a", 10) > 3 * lost(Work(1000), "a", 1000) > 500


def test_longer_texts_have_more() -> None:
    """In proportion, but for what any text has."""
    assert lost(Work(10_000_000), "a", 10) > 20 * lost(Work(0), "a", 10)


def test_no_rule_takes_all() -> None:
    """Others still have attempts when one has none, though not every one as many."""
    work = Work(0)
    first = lost(work, "a", 10)
    assert work.exhausted
    second, third = lost(work, "b", 10), lost(work, "c", 10)
    assert first > second > third == 1
