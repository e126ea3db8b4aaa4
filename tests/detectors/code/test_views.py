"""Views keep every place: fences, diffs, prompts, strings and traces are blanked, not cut."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from excise.detectors.code.languages import DATA
from excise.detectors.code.views import View, view_of
from excise.model import Span


def pieces(text: str, marked: tuple[tuple[str, Span], ...]) -> list[tuple[str, str]]:
    return [(label, text[span.start : span.end]) for label, span in marked]


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("Look:\n```python\nx = 1\n```\nDone", [("python", "x = 1")]),
        ("~~~js\nf()\n\n~~~", [("javascript", "f()")]),
        ("```json\n{}\n```", [(DATA, "{}")]),
        ("```\nx = 1\n```", []),
        ("```text\nhello\n```", []),
        ("```python\n```", []),
        ("```go\nx := 1\ny := 2", [("go", "x := 1\ny := 2")]),
        ("````c\n```\nint x;\n````", [("c", "```\nint x;")]),
        ("```src/app.rs\nlet x = 1;\n```", [("rust", "let x = 1;")]),
        ('```ruby title="a"\nputs 1\n```', [("ruby", "puts 1")]),
        ("  ```py\n  x\n  ```", [("python", "  x")]),
        ("use ```python inline``` here", []),
    ],
)
def test_fences(text: str, known: list[tuple[str, str]]) -> None:
    assert pieces(text, view_of(text).known) == known


PYTHON = (
    "Traceback (most recent call last):\n"
    '  File "/srv/app.py", line 3, in main\n    run(1)\nValueError: bad'
)
JAVA = (
    'Exception in thread "main" java.lang.NullPointerException\n'
    "\tat com.shop.Main.run(Main.java:12)\n\tat com.shop.Main.main(Main.java:4)"
)
NODE = (
    "TypeError: x is undefined\n    at run (/srv/app.js:3:14)\n"
    "    at Object.<anonymous> (/srv/app.js:9:1)"
)


@pytest.mark.parametrize(
    ("label", "trace"),
    [
        ("python", PYTHON),
        ("java", JAVA),
        ("javascript", NODE),
        ("go", "panic: boom\n\ngoroutine 1 [running]:\nmain.main()\n\t/srv/main.go:5 +0x1d"),
        ("rust", "thread 'main' panicked at src/main.rs:4:5:\nindex out of bounds"),
        ("ruby", "app.rb:3:in `run': undefined (NameError)\n\tfrom app.rb:9:in `<main>'"),
        ("php", "#0 /srv/index.php(12): run()\n#1 {main}"),
        (
            "c#",
            "System.NullReferenceException: Object\n   at Shop.Run() in C:\\shop\\Run.cs:line 4",
        ),
    ],
)
def test_traces(label: str, trace: str) -> None:
    text = f"It fails with\n{trace}\n\nWhat now?"
    found = pieces(text, view_of(text).traces)
    assert [name for name, _ in found] == [label]
    assert trace.startswith(found[0][1]) or found[0][1].startswith(trace.splitlines()[0])


def test_a_word_about_a_trace_is_none() -> None:
    assert view_of("Look at the Traceback (most recent call last) line.").traces == ()


DIFF = (
    "diff --git a/app.py b/app.py\n--- a/app.py\n+++ b/app.py\n@@ -1,2 +1,2 @@\n"
    " import os\n-x = 1\n+x = 2\n"
)


def test_a_diff_is_read_without_its_signs() -> None:
    view = view_of(DIFF)
    assert view.text.endswith("@@ -1,2 +1,2 @@\n import os\n x = 1\n x = 2\n")
    assert [label for label, _ in view.hints] == ["python"]
    assert "diff --git a/app.py b/app.py" in {DIFF[s.start : s.end] for s in view.shut}


def test_a_list_with_dashes_is_no_diff() -> None:
    text = "- milk\n- eggs\n+ 3 apples\n"
    assert view_of(text) == View(text)


@pytest.mark.parametrize(
    ("text", "label", "read"),
    [
        (">>> x = 1\n>>> x\n1\n", "python", "    x = 1\n    x\n1\n"),
        ("Run\n$ ls -l\nok", "shell", "Run\n  ls -l\nok"),
        ("In [3]: df.head()\n", "python", "        df.head()\n"),
        ("julia> f(2)\n", "julia", "       f(2)\n"),
        ("root@host:/srv# ls\n", "shell", None),
        ("irb(main):001:0> puts 1\n", "ruby", None),
        ("mysql> SELECT 1;\n", "sql", None),
        ("PS C:\\Users> Get-Date\n", "powershell", None),
    ],
)
def test_prompts(text: str, label: str, read: str | None) -> None:
    view = view_of(text)
    assert {name for name, _ in view.hints} == {label}
    assert len(view.typed) >= 1
    assert read is None or view.text == read


@pytest.mark.parametrize("text", ["It costs $ 5 now.", "> quoted mail\n> more", "a > b and $ x"])
def test_what_looks_like_a_prompt(text: str) -> None:
    assert view_of(text) == View(text)


def test_a_string_over_lines_is_read_as_lines() -> None:
    code = 'def f():\n\treturn "x"\n'
    text = json.dumps({"path": "a.py", "content": code})
    view = view_of(text)
    assert len(view.text) == len(text)
    assert [line.strip() for line in view.text.splitlines()][1:3] == ["def f():", 'return  "x "']


def test_cells_of_a_notebook_are_read_as_lines() -> None:
    book = {
        "cells": [{"cell_type": "code", "source": ["import os\n", "print(os.name)"]}],
        "metadata": {"kernelspec": {"language": "python"}},
    }
    text = json.dumps(book, indent=1)
    view = view_of(text)
    lines = {line.strip() for line in view.text.splitlines()}
    assert {"import os", "print(os.name)"} <= lines
    assert [label for label, _ in view.hints] == ["python"]


def test_all_of_a_json_text_but_its_long_strings_is_shut() -> None:
    text = json.dumps([{"a": 1, "code": "x = 1\ny = 2\n"}, {"b": "f(x)"}], indent=1)
    view = view_of(text)
    shut = "".join(text[span.start : span.end] for span in view.shut)
    assert '"a": 1' in shut
    assert "f(x)" in shut
    assert "x = 1" not in shut
    assert pieces(text, view.known) == [(DATA, text)]


@pytest.mark.parametrize(
    "text", ['printf("a\\nb\\n");\n', 'x = "a\\nb\\nc"', 'say: "one\\n"', '"a\\nb\\nc']
)
def test_strings_in_code_are_left_alone(text: str) -> None:
    assert view_of(text) == View(text)


@pytest.mark.parametrize("text", ["{", "[1, 2", "{x: 1}", "[" * 9999 + "]" * 9999, "1", "[1] {2}"])
def test_what_is_no_json_is_left_alone(text: str) -> None:
    assert view_of(text) == View(text)


PARTS = st.sampled_from(
    ["```python\n", "```\n", "x = 1\n", "+x\n", "-y\n", "@@ -1 +1 @@\n", ">>> f()\n", "$ ls\n",
     '"a\\nb"', '"', "\\n", "\\", "\n", "    at f (a.js:1:2)\n", "é\U0001f600", "~~~\n",
     "Traceback (most recent call last):\n", '  File "a.py", line 1\n', '"cell_type"', " ", "a"]
)  # fmt: skip


@given(st.lists(PARTS, max_size=25).map("".join))
def test_a_view_has_the_length_of_its_text_and_spans_within(text: str) -> None:
    view = view_of(text)
    assert len(view.text) == len(text)
    spans = [span for _, span in (*view.known, *view.traces, *view.hints)]
    for span in (*spans, *view.shut, *view.typed):
        assert 0 <= span.start <= span.end <= len(text)


@pytest.mark.parametrize("unit", ['\\"', '"', "```", "\n>", "$ ", "\n+", '"\\n', "\n    at "])
def test_repeats_are_read_in_one_go(unit: str) -> None:
    text = unit * 20_000
    assert len(view_of(text).text) == len(text)
