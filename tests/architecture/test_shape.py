"""Mirrored tests, lengths, docstrings."""

from __future__ import annotations

import ast
from typing import Final

import pytest
from architecture.sources import PACKAGE, ROOT, Module, modules

FILE_LINES: Final = 500
FUNCTION_LINES: Final = 60
POSITIONAL: Final = 4

# Files whose test has another name or place. Entries may go, none may come without its reason.
TESTED_ELSEWHERE: Final = {
    "codecs/base.py": "protocols and constants; every codec's test uses them",
}
VAGUE: Final = frozenset({"utils", "util", "helpers", "helper", "manager", "common", "misc"})

each_module = pytest.mark.parametrize("module", modules(), ids=lambda module: module.name or ".")


@each_module
def test_a_source_file_has_its_mirrored_test(module: Module) -> None:
    place = module.path.relative_to(PACKAGE)
    if place.name in ("__init__.py", "__main__.py"):
        return
    mirror = ROOT / "tests" / place.parent / f"test_{place.name}"
    if place.as_posix() in TESTED_ELSEWHERE:
        assert not mirror.is_file(), f"{place} has a mirrored test now: take it off the list"
    else:
        assert mirror.is_file(), f"{place} has no {mirror.relative_to(ROOT)}"


def test_the_list_of_exceptions_names_files_that_exist() -> None:
    assert [name for name in TESTED_ELSEWHERE if not (PACKAGE / name).is_file()] == []


@each_module
def test_a_file_is_short_enough(module: Module) -> None:
    lines = len(module.path.read_text("utf-8").splitlines())
    assert lines <= FILE_LINES, f"{module.name} has {lines} lines"


@each_module
def test_functions_are_short_enough(module: Module) -> None:
    long = [
        f"{name}: {node.end_lineno - node.lineno + 1}"
        for name, node in module.functions()
        if node.end_lineno and node.end_lineno - node.lineno >= FUNCTION_LINES
    ]
    assert not long, f"{module.name}: {long}"


@each_module
def test_a_file_is_named_by_a_noun_that_says_something(module: Module) -> None:
    assert not VAGUE & set(module.name.split("."))


@each_module
def test_what_is_public_has_a_docstring(module: Module) -> None:
    bare = [
        node.name
        for parent in [module.tree, *(n for n in module.tree.body if isinstance(n, ast.ClassDef))]
        if not getattr(parent, "name", "").startswith("_")
        for node in parent.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
        and not ast.get_docstring(node)
        and not _is_told_elsewhere(node)
    ]
    assert not bare, f"{module.name}: {bare}"


def _is_told_elsewhere(node: ast.stmt) -> bool:
    """Overrides, overloads, setters, and bare members of a protocol."""
    body = getattr(node, "body", [])
    if len(body) == 1 and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        return True
    marks = getattr(node, "decorator_list", [])
    names = {ast.unparse(mark).rpartition(".")[2] for mark in marks}
    return bool(names & {"override", "overload", "setter"})
