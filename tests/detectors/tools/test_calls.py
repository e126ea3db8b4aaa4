"""Calls are put together from the texts of every dialect, with their names and arguments whole."""

import json
from typing import Any

import pytest
from dialect_cases import read

from excise.detectors.tools.calls import find_calls
from excise.model import Direction

JSON = json.dumps({"name": "x", "at": {"path": "a.txt", "lines": ["one", "two"]}, "n": 3})
LEAVES = [("name", "x"), ("path", "a.txt"), ("lines", "one"), ("lines", "two")]
INPUT = json.loads(JSON)
FUNCTION = {"id": "c1", "type": "function", "function": {"name": "save", "arguments": JSON}}

WHOLE: dict[str, Any] = {
    "openai-chat": {"choices": [{"message": {"content": "hi", "tool_calls": [FUNCTION]}}]},
    "anthropic-messages": {
        "content": [{"type": "tool_use", "id": "t", "name": "save", "input": INPUT}]
    },
    "openai-responses": {
        "output": [{"type": "function_call", "name": "save", "arguments": JSON, "call_id": "c"}]
    },
    "gemini-content": {
        "candidates": [{"content": {"parts": [{"functionCall": {"name": "save", "args": INPUT}}]}}]
    },
    "bedrock-converse": {
        "output": {
            "message": {
                "content": [{"toolUse": {"toolUseId": "x", "name": "save", "input": INPUT}}]
            }
        }
    },
    "cohere-chat": {"message": {"tool_calls": [FUNCTION]}},
    "ollama-chat": {
        "message": {"tool_calls": [{"function": {"name": "save", "arguments": INPUT}}]}
    },
}


@pytest.mark.parametrize("dialect", WHOLE)
def test_a_call_is_read_whole(dialect: str) -> None:
    """Also where an argument is called `name` as well."""
    reading = read(dialect, WHOLE[dialect], Direction.RESPONSE)
    (call,) = find_calls(reading.segments)
    assert call.name == "save"
    assert [tuple(each) for each in call.arguments] == LEAVES
    assert reading.segments[call.place].text in (JSON, "a.txt")
    assert "a.txt" not in repr(call) + repr(call.arguments)


def test_two_calls_beside_a_text() -> None:
    """In order, each with its own arguments."""
    blocks = [
        {"type": "text", "text": "name"},
        {"type": "tool_use", "id": "a", "name": "read", "input": {"path": "p"}},
        {"type": "tool_use", "id": "b", "name": "list", "input": {}},
    ]
    reading = read("anthropic-messages", {"content": blocks}, Direction.RESPONSE)
    one, two = find_calls(reading.segments)
    assert (one.name, [each.text for each in one.arguments]) == ("read", ["p"])
    assert (two.name, two.arguments) == ("list", ())
    assert reading.segments[two.place].text == "list"


def test_built_in_tools_are_called_by_their_type() -> None:
    """They carry no name."""
    action = {"type": "exec", "command": ["bash", "-lc", "ls"]}
    output = [{"type": "local_shell_call", "action": action}]
    reading = read("openai-responses", {"output": output}, Direction.RESPONSE)
    (call,) = find_calls(reading.segments)
    assert call.name == "local_shell"
    assert [each.text for each in call.arguments if each.key == "command"] == ["bash", "-lc", "ls"]


@pytest.mark.parametrize(
    "text", ["no JSON", '{"half": ', "[" * 5000, '{"a": ' * 99 + "1" + "}" * 99]
)
def test_arguments_that_are_no_json_are_one_text(text: str) -> None:
    """Nothing raises, and nothing is lost."""
    call = {"function": {"name": "run", "arguments": text}}
    reading = read(
        "openai-chat", {"choices": [{"message": {"tool_calls": [call]}}]}, Direction.RESPONSE
    )
    (found,) = find_calls(reading.segments)
    assert found.name == "run"
    assert len(found.arguments) == 1
