"""An expression is read: its fields, its functions, its bounds."""

import pytest

from excise.errors import PolicyError
from excise.policy.expression import Measure, field_of, parse_expression, place
from excise.policy.fields import About


@pytest.mark.parametrize(
    ("text", "fields", "measures"),
    [
        ('model == "o3"', {"model"}, set()),
        ('principal . group != "a"', {"principal.group"}, set()),
        ('"model" == host', {"host"}, set()),
        ('unsafe.categories.exists(c, c in ["S10"])', {"unsafe.categories"}, set()),
        ('count("pii.email") > 5', set(), {("count", "pii.email")}),
        ('pii.count("email") > 5', set(), {("count", "pii.email")}),
        ("pii.count('pii.email') > 5", set(), {("count", "pii.email")}),
        ('pii . count ( "*" ) > 5 // count("x")', set(), {("count", "pii.*")}),
        ('host == "count(\\"x\\")"', {"host"}, set()),
        ('topic("a") > 0.5 && model == "m"', {"model"}, {("topic", "a")}),
        ("findings.exists(f, f.score > 0.5)", {"findings"}, set()),
    ],
)
def test_what_it_reads(text: str, fields: set[str], measures: set[tuple[str, str]]) -> None:
    read = parse_expression(text, "f:1")
    assert read.fields == fields
    assert set(read.measures.values()) == {Measure(*each) for each in measures}


@pytest.mark.parametrize(
    "text",
    ['count("pii.email") > 5 && host', 'host == "a" ||\n topic(\n"x"\n) > 0.5', 'layer("")>1.0'],
)
def test_replacing_a_function_moves_nothing(text: str) -> None:
    """What stands behind it keeps its line and its column there."""
    code = parse_expression(text, "f:1").code
    assert (len(code), code.count("\n")) == (len(text), text.count("\n"))
    assert code.rpartition(">")[0].rfind("\n") == text.rpartition(">")[0].rfind("\n")


@pytest.mark.parametrize(
    ("text", "about"),
    [
        ('model == "a"', About.EXCHANGE),
        ('count("a") > 1 || model == "a"', About.FINDINGS),
        ("finding.score > 0.5 && risk > 1.0", About.FINDING),
        ("true", About.EXCHANGE),
    ],
)
def test_what_must_be_known_for_it(text: str, about: About) -> None:
    assert parse_expression(text, "f:1").about is about


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("a" * 2001, "EXC-POL-014", "2001 characters"),
        ("1 + " * 200 + "1 > 0", "EXC-POL-014", "words and signs"),
        (
            "roles.exists(a, roles.all(b, roles.exists(c, a == b && b == c)))",
            "EXC-POL-014",
            "3 macros",
        ),
        ("count(model) > 1", "EXC-POL-013", "one name in quotes"),
        ('count("a", "b") > 1', "EXC-POL-013", "one name in quotes"),
        ("count(", "EXC-POL-013", "one name in quotes"),
        ("findings.exists(f, f.scor > 0.5)", "EXC-POL-013", 'Did you mean "score"'),
    ],
)
def test_what_it_may_not_be(text: str, code: str, said: str) -> None:
    with pytest.raises(PolicyError, match=code) as caught:
        parse_expression(text, "f.yaml:7")
    assert said in str(caught.value) and "f.yaml:7" in str(caught.value)


def test_two_macros_beside_each_other_are_not_nested() -> None:
    side = "roles.exists(a, parts.exists(b, a == b))"
    assert parse_expression(f"{side} || {side} || {side}", "f:1").fields == {"roles", "parts"}


def test_places_count_lines_and_columns() -> None:
    assert place("f.yaml:7", "a\nbcd", 4) == "f.yaml:8 (column 3 of the expression)"


def test_a_field_is_the_longest_name_that_is_one() -> None:
    names = ("time.hour", "model.size", "nothing", "topics.exists")
    assert [field_of(n) for n in names] == ["time.hour", "model", "", "topics"]
