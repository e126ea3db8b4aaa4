"""YAML is read strictly: what it would quietly let pass is an error with a line."""

from collections.abc import Callable
from typing import Any

import pytest

from excise.errors import PolicyError
from excise.strict import Node, parse_yaml


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("a: 1\na: 2\n", "EXC-POL-002", 2),
        ("a:\n  b: 1\n  b: 2\n", "EXC-POL-002", 3),
        ("1: x\n", "EXC-POL-005", 1),
        ("a: [\n", "EXC-POL-001", 2),
        ("a: !!python/object:os.system x\n", "EXC-POL-001", 1),
        ("- a\n", "EXC-POL-005", None),
        ("", "EXC-POL-005", None),
        ("a: \x01\n", "EXC-POL-001", None),
        ("a: 1\n---\nb: 2\n", "EXC-POL-001", 2),
    ],
)
def test_what_yaml_would_let_pass_is_refused(text: str, code: str, line: int | None) -> None:
    """With the file, and the line where there is one."""
    with pytest.raises(PolicyError) as caught:
        parse_yaml(text, "f.yaml")
    assert caught.value.code == code
    assert caught.value.at == (f"f.yaml:{line}" if line else "f.yaml")


NODE = "t: text\nn: 1.5\ni: 3\nb: true\nl: [a, b]\nm: {x: 1}\nms:\n  - {y: 2}\non: word\n"


@pytest.mark.parametrize(
    ("take", "expected"),
    [
        (lambda n: n.text("t"), "text"),
        (lambda n: n.number("n"), 1.5),
        (lambda n: n.number("i"), 3),
        (lambda n: n.integer("i"), 3),
        (lambda n: n.flag("b"), True),
        (lambda n: n.texts("l"), ("a", "b")),
        (lambda n: n.node("m").integer("x"), 1),
        (lambda n: n.nodes("ms")[0].integer("y"), 2),
        (lambda n: n.text("on"), "word"),
        (lambda n: n.text("none", "d"), "d"),
        (lambda n: n.choice("t", ["text", "other"]), "text"),
        (lambda n: n.choices("l", ["a", "b", "c"]), ("a", "b")),
        (lambda n: n.raw("l"), ["a", "b"]),
    ],
)
def test_fields_are_taken_by_type(take: Callable[[Node], Any], expected: Any) -> None:
    """Each by the method that names its type."""
    assert take(parse_yaml(NODE, "f")) == expected


@pytest.mark.parametrize(
    ("take", "code", "hint"),
    [
        (lambda n: n.text("n"), "EXC-POL-005", "quotes"),
        (lambda n: n.text("b"), "EXC-POL-005", "quotes"),
        (lambda n: n.integer("n"), "EXC-POL-005", ""),
        (lambda n: n.integer("b"), "EXC-POL-005", ""),
        (lambda n: n.flag("t"), "EXC-POL-005", ""),
        (lambda n: n.texts("ms"), "EXC-POL-005", ""),
        (lambda n: n.node("l"), "EXC-POL-005", ""),
        (lambda n: n.nodes("l"), "EXC-POL-005", ""),
        (lambda n: n.text("none"), "EXC-POL-004", ""),
        (lambda n: n.choice("t", ["texts"]), "EXC-POL-006", 'Did you mean "texts"?'),
        (lambda n: n.done(), "EXC-POL-003", ""),
    ],
)
def test_a_wrong_type_is_an_error(take: Callable[[Node], Any], code: str, hint: str) -> None:
    """Never a quiet conversion."""
    with pytest.raises(PolicyError) as caught:
        take(parse_yaml(NODE, "f"))
    assert caught.value.code == code
    assert hint in str(caught.value)


def test_done_is_content_when_everything_was_taken() -> None:
    """And knows the lines of keys."""
    node = parse_yaml("a: x\nb: y\n", "f")
    node.text("a")
    node.text("b")
    node.done()
    assert node.at("b") == "f:2"
    assert node.at() == "f:1"
