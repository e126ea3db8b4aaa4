"""Expressions are typed against the fields, and evaluated together as they would be alone."""

import pytest

from excise.errors import PolicyError
from excise.policy.cel import Checker
from excise.policy.expression import parse_expression


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('modle == "a"', 'no field is called "modle"'),
        ('modle == "a"', 'Did you mean "model"?'),
        ('principal.grup == "a"', 'Did you mean "principal.group"?'),
        ("model == 3", '"==" does not take (string, int)'),
        ("risk > 3", "with its point: 3.0"),
        ("model ==", "Syntax error"),
        ("size", "gives int"),
        ('"a"', "gives string"),
        ("(" * 40 + "true" + ")" * 40, "nested too deeply"),
        ('host == "a" &&\nmodle == "b"', "f.yaml:8 (column 1"),
        ('count("pii.email") > 1 && modle == "b"', "column 27"),
    ],
)
def test_mistakes_are_named_where_they_stand(text: str, said: str) -> None:
    expression = parse_expression(text, "f.yaml:7")
    with pytest.raises(PolicyError, match="EXC-POL-013") as caught:
        Checker(expression.measures).check(expression)
    assert said in str(caught.value)


def test_together_is_as_alone() -> None:
    """Also where one of them fails: the others keep their answers."""
    texts = ('model == "a" // note', "size > 5", "1 / size > 0", 'host == "a"')
    expressions = [parse_expression(text, "f:1") for text in texts]
    batch = Checker({}).join(expressions)
    assert batch is not None
    assert batch.evaluate({"model": "a", "size": 9, "host": "b"}) == [True, True, False, False]
    assert batch.evaluate({"model": "a", "size": 0, "host": "a"}) == [True, False, None, True]


def test_no_expressions_need_no_batch() -> None:
    assert Checker({}).join([]) is None


def test_a_fault_is_told() -> None:
    expression = parse_expression("1 / size > 0", "f:1")
    assert "divide by zero" in Checker({}).fault(expression, {"size": 0})
    assert Checker({}).fault(expression, {"size": 1}) == ""
