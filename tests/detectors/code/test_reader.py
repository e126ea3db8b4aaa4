"""Code is found in fences, prose, diffs, notebooks, prompts and traces; talk about code is none."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from excise.detectors.base import Glance, Sight
from excise.detectors.code.languages import DATA
from excise.detectors.code.reader import Code
from excise.model import Part, Role, Segment
from excise.text.met import words_of

CODE = Code.shipped()
LEAST = 0.5

PYTHON = """\
def mean(values):
    # the sum over the count
    total = 0.0
    for value in values:
        total += value

    return total / len(values)
"""
JAVA = """\
public class Counter {
    private int count = 0;

    public void increment() {
        this.count++;
    }
}
"""
GO = """\
func (s *Store) Find(id string) (*Item, error) {
	item, ok := s.items[id]
	if !ok {
		return nil, fmt.Errorf("no item %q", id)
	}
	return item, nil
}
"""
SQL = """\
SELECT name, COUNT(*) AS orders
FROM customers
WHERE city = 'Bremen'
GROUP BY name
ORDER BY orders DESC;
"""
SHELL = """\
#!/bin/bash
set -e
for file in *.log; do
  gzip "$file"
  echo "packed $file"
done
"""
TALK = (
    "I have been thinking about the way we plan the summer party, and it is clear that we need"
    " more people who can help with the tables."
)


def seen(text: str) -> list[tuple[str, str]]:
    """What is likely code, by label."""
    return [
        (sight.label, text[sight.span.start : sight.span.end])
        for sight in CODE.read(text)
        if sight.score >= LEAST
    ]


@pytest.mark.parametrize(
    ("label", "code"),
    [("python", PYTHON), ("java", JAVA), ("go", GO), ("sql", SQL), ("shell", SHELL)],
)
def test_code_alone_and_amid_prose(label: str, code: str) -> None:
    body = code.rstrip("\n")
    assert seen(code) == [(label, body)]
    assert seen(f"{TALK}\n\n{code}\n{TALK}\n") == [(label, body)]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        TALK,
        "Write a Python function that takes a list and returns the sum of its even numbers.",
        "Can you explain what `useEffect` does in React, and when to call `setState`?",
        "Use the class OrderService and its method find_by_id; it returns None.",
        "1. Open the settings\n2. Click on *Export*\n3. Choose CSV and press Save\n",
        "Dear all,\n\nthe meeting is moved to Friday at 10:30.\n\nBest regards,\nTom\n",
        "| Year | Sales |\n|---|---|\n| 2021 | 1,200 |\n| 2022 | 1,450 |\n",
        "Input: nums = [2, 7, 11, 15], target = 9\nOutput: [0, 1]",
        "# Shopping\n\n- milk\n- bread (two)\n- eggs\n",
        "第一章\n\n今天天气很好，我们去公园散步。\n孩子们很高兴。\n",
    ],
)
def test_prose_is_none(text: str) -> None:
    assert seen(text) == []


@pytest.mark.parametrize(
    "text",
    [
        '{\n  "name": "lamp",\n  "price": 19.5,\n  "tags": ["a", "b"]\n}\n',
        "name,price,stock\nlamp,19.5,3\nchair,49.0,12\ntable,99.9,1\n",
        "services:\n  web:\n    image: shop\n    ports:\n      - 8080\n  db:\n    image: pg\n",
        "[server]\nhost = localhost\nport = 8080\n\n[log]\nlevel = info\n",
        "2024-03-01 10:22:01 INFO started server on port 8080\n"
        "2024-03-01 10:22:05 WARN slow query took 1200 ms\n",
    ],
)
def test_data_does_not_count_as_code(text: str) -> None:
    assert [label for label, _ in seen(text) if label != DATA] == []
    assert [label for label, _ in seen(f"```json\n{text}```\n") if label != DATA] == []


def test_a_fence_says_what_it_holds() -> None:
    text = f"{TALK}\n\n```rust\nlet x = 1;\n```\n\nand\n\n```yaml\na: 1\n```\n"
    assert seen(text) == [("rust", "let x = 1;")]
    marked = [s for s in CODE.read(text) if s.label == DATA]
    assert [text[s.span.start : s.span.end] for s in marked] == ["a: 1"]
    assert marked[0].score < LEAST


def test_a_fence_without_a_tag_is_read_like_any_text() -> None:
    assert seen(f"{TALK}\n\n```\n{PYTHON}```\n") == [("python", PYTHON.rstrip("\n"))]
    assert seen(f"```\n{TALK}\n```\n") == []


def test_a_diff() -> None:
    lines = "".join(f"+{line}\n" for line in GO.splitlines())
    head = "diff --git a/store.go b/store.go\n--- a/store.go\n+++ b/store.go\n@@ -1,0 +1,7 @@\n"
    text = head + lines
    assert seen(text) == [("go", lines.rstrip("\n"))]


def test_a_diff_of_settings_is_data() -> None:
    head = "--- a/x.yaml\n+++ b/x.yaml\n@@ -1,0 +1,7 @@\n"
    lines = "".join(f"+{line}\n" for line in GO.splitlines())
    assert seen(head + lines) == []
    assert {sight.label for sight in CODE.read(head + lines)} == {DATA}


def test_typed_lines_far_apart_have_their_own_languages() -> None:
    text = f">>> import math\n\n{TALK}\n\n{TALK}\n\nmysql> SELECT name FROM lamps;\n"
    assert [label for label, _ in seen(text)] == ["python", "sql"]


def test_a_notebook() -> None:
    source = PYTHON.splitlines(keepends=True)
    book = {
        "cells": [
            {"cell_type": "markdown", "source": ["# Mean values\n", "This is about means."]},
            {"cell_type": "code", "execution_count": None, "source": source},
        ],
        "metadata": {"kernelspec": {"language": "python", "name": "python3"}},
    }
    text = json.dumps(book, indent=1)
    found = seen(text)
    assert {label for label, _ in found} == {"python"}
    assert any("def mean(values)" in piece and "total += value" in piece for _, piece in found)
    assert not any("about means" in piece for _, piece in found)


def test_a_string_of_json_is_found_within_its_quotes() -> None:
    text = json.dumps({"path": "mean.py", "content": PYTHON})
    ((label, piece),) = seen(text)
    assert label == "python"
    assert json.loads(f'"{piece}"').strip() == PYTHON.strip()


def test_typed_commands() -> None:
    text = f"{TALK}\n\n>>> import math\n>>> math.sqrt(2)\n1.4142135623730951\n\n{TALK}\n"
    ((label, piece),) = seen(text)
    assert label == "python"
    assert piece.startswith(">>> import math\n>>> math.sqrt(2)")


def test_a_trace_names_its_language_and_is_less_sure() -> None:
    trace = (
        "Traceback (most recent call last):\n"
        "  File \"app.py\", line 9, in <module>\n    main()\nKeyError: 'x'"
    )
    (sight,) = CODE.read(f"It failed:\n\n{trace}\n\n{TALK}\n")
    assert sight.label == "python"
    assert LEAST < sight.score < 0.8


def test_segments_are_read_one_by_one() -> None:
    def glance(text: str) -> Glance:
        return Glance(Segment(text, Role.USER, Part.PROMPT, 0))

    found = CODE.find([glance(TALK), glance(PYTHON), glance("")])
    assert found == [(), CODE.read(PYTHON), ()]
    assert found[1]


def test_signals_name_the_likeliest_languages() -> None:
    signals = CODE.signals(f"{TALK}\n\n{PYTHON}\n{TALK}\n\n```sql\nSELECT 1;\n```\n")
    assert next(iter(signals)) in ("python", "sql")
    assert {"python", "sql"} <= set(signals)
    assert len(signals) <= 5
    assert CODE.signals(TALK) == {}
    assert DATA not in CODE.signals('```json\n{"a": 1}\n```')


def test_windows_line_ends_change_nothing() -> None:
    text = f"{TALK}\n\n{JAVA}\n{TALK}\n"
    found = [piece.replace("\r", "") for _, piece in seen(text.replace("\n", "\r\n"))]
    assert found == [JAVA.rstrip("\n")]


def test_of_very_many_shreds_the_strongest_are_judged() -> None:
    shreds = f"{TALK}\nx = 1;\n" * 400
    longest = f"{shreds}{TALK}\n\n{JAVA}\n{TALK}\n{shreds}"
    assert JAVA.rstrip("\n") in {piece for _, piece in seen(longest)}


LINES = st.sampled_from(
    [*PYTHON.splitlines(), *JAVA.splitlines(), *SQL.splitlines(), TALK, "", "```", "```go", "+ x",
     "- milk", ">>> f(1)", '{"a": "b\\nc"}', "é\U0001f600", "    at f (a.js:1:2)", "\t", "a b"]
)  # fmt: skip
TEXTS = st.one_of(st.text(max_size=80), st.lists(LINES, max_size=30).map("\n".join))


@settings(deadline=None)
@given(TEXTS)
def test_sights_lie_in_order_within_the_text(text: str) -> None:
    end = 0
    for sight in CODE.read(text):
        assert isinstance(sight, Sight)
        assert end <= sight.span.start < sight.span.end <= len(text)
        assert sight.label in CODE.labels
        assert 0 <= sight.score <= 1
        assert text[sight.span.start : sight.span.end].strip()
        end = sight.span.end


@settings(deadline=None)
@given(TEXTS)
def test_signals_are_chances(text: str) -> None:
    signals = CODE.signals(text)
    assert all(0 < chance <= 1 and label != DATA for label, chance in signals.items())
    assert list(signals.values()) == sorted(signals.values(), reverse=True)


@settings(deadline=None)
@given(TEXTS)
def test_tokens_that_are_there_already_change_nothing(text: str) -> None:
    assert CODE.read(text, words_of(text)) == CODE.read(text)
