"""Prompt templates of judges: text → `Template`, a question as the body of a request, and what a
reply says.

`policies/judges/` holds those that ship; each says how one sort of model is asked.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, Final, NamedTuple

from excise.detectors.asked.judge import (
    HAZARDS,
    INJECTION,
    ORDER,
    TOPICS,
    UNSAFE,
    Asked,
    Said,
    Verdict,
)
from excise.errors import NoAnswer, PolicyError
from excise.model import Direction
from excise.strict import Node, parse_yaml


class Reply(StrEnum):
    """How a reply is read."""

    HAZARDS = "hazards"  # `safe`, or `unsafe` and codes in the next line
    YES_NO = "yes-no"  # one risk; tags around the word are left aside
    JSON = "json"  # an object with `injection`, `unsafe` and `topics`


class Question(NamedTuple):
    """One request to the endpoint."""

    of: frozenset[Direction]
    messages: tuple[tuple[str, str], ...]  # role, and content with `{text}` in it
    reply: Reply
    finds: str = ""  # `yes-no`: what a yes means


class Template(NamedTuple):
    """How a model is asked. `sure` is the score of what it says without one of its own."""

    name: str
    title: str
    questions: tuple[Question, ...]
    body: Mapping[str, Any]
    sure: float


_ROLES: Final = ("system", "user", "assistant")
_SLOT: Final = re.compile(r"\{(text|json|prompt|part|topics)\}")
_FIRST: Final = re.compile(r"\A\s*(safe|unsafe)\b[\s:]*(.*)", re.DOTALL | re.IGNORECASE)
_CODE: Final = re.compile(r"\bS(?:1[0-4]|[1-9])\b")
_THOUGHT: Final = re.compile(r"<think>.*?</think>", re.DOTALL | re.IGNORECASE)
_YES_NO: Final = re.compile(r"\A\W*(?:<\w+>\W*)*(yes|no)\b", re.IGNORECASE)
_UNSURE: Final = re.compile(r"<confidence>\s*low\b", re.IGNORECASE)
_HALF: Final = 0.55  # what a yes counts whose confidence is low


def parse_template(text: str, origin: str) -> Template:
    """A template from its YAML. Raises `PolicyError`."""
    node = parse_yaml(text, origin)
    body = node.node("body") if "body" in node else None
    template = Template(
        name=node.text("judge"),
        title=node.text("title"),
        questions=tuple(map(_question, node.nodes("questions"))),
        body={key: body.raw(key) for key in body} if body is not None else {},
        sure=float(node.number("sure", 0.9)),
    )
    node.done(also=("body",))
    if not 0 < template.sure <= 1:
        raise PolicyError("EXC-POL-006", "sure is above 0 and at most 1.", at=node.at("sure"))
    if any(isinstance(value, Node) for value in template.body.values()):
        raise PolicyError("EXC-POL-005", "body holds plain values only.", at=node.at("body"))
    return template


def _question(node: Node) -> Question:
    reply = Reply(node.choice("reply", Reply))
    question = Question(
        of=frozenset(map(Direction, node.choices("of", Direction))),
        messages=tuple(map(_message, node.nodes("messages"))),
        reply=reply,
        finds=node.choice("finds", {ORDER, *HAZARDS}) if reply is Reply.YES_NO else "",
    )
    node.done(also=("finds",))
    if not any(_shows_text(content) for _, content in question.messages):
        raise PolicyError(
            "EXC-POL-004",
            "no message holds the text that is asked about.",
            at=node.at("messages"),
            hint="{text} puts it in as it is, {json} as a JSON string.",
        )
    return question


def _message(node: Node) -> tuple[str, str]:
    said = (node.choice("role", _ROLES), node.text("content"))
    node.done()
    return said


def _shows_text(content: str) -> bool:
    return any(slot[1] in ("text", "json") for slot in _SLOT.finditer(content))


def requests_of(
    template: Template, model: str, asked: Asked, topics: tuple[str, ...]
) -> Iterator[tuple[Question, dict[str, Any]]]:
    """Each question about a text with the body of its request."""
    slots = {
        "text": asked.text,
        "json": json.dumps(asked.text, ensure_ascii=False),
        "prompt": asked.prompt,
        "part": str(asked.part),
        "topics": ", ".join(topics),
    }
    for question in template.questions:
        if asked.direction in question.of:
            # One pass, so that a text that speaks of slots is not filled in.
            messages = [
                {"role": role, "content": _SLOT.sub(lambda slot: slots[slot[1]], content)}
                for role, content in question.messages
            ]
            yield question, {"model": model, "messages": messages, "stream": False, **template.body}


def read_reply(question: Question, content: str, sure: float, topics: tuple[str, ...]) -> Verdict:
    """What a reply says. Raises `NoAnswer` (`garbage`) where it is none."""
    content = _THOUGHT.sub("", content)
    if question.reply is Reply.HAZARDS:
        return _hazards(content, sure)
    if question.reply is Reply.YES_NO:
        return _yes_no(content, question.finds, sure)
    return _object(content, sure, topics)


def _hazards(content: str, sure: float) -> Verdict:
    found = _FIRST.match(content)
    if found is None:
        raise NoAnswer("garbage")
    if found[1].lower() == "safe":
        return ()
    codes = sorted(set(_CODE.findall(found[2])))
    if not codes:
        raise NoAnswer("garbage")
    return tuple(Said(UNSAFE, code, sure) for code in codes)


def _yes_no(content: str, finds: str, sure: float) -> Verdict:
    found = _YES_NO.match(content)
    if found is None:
        raise NoAnswer("garbage")
    if found[1].lower() == "no":
        return ()
    score = _HALF if _UNSURE.search(content) else sure
    return (Said(INJECTION if finds == ORDER else UNSAFE, finds, score),)


def _object(content: str, sure: float, topics: tuple[str, ...]) -> Verdict:
    start, end = content.find("{"), content.rfind("}")
    try:
        said = json.loads(content[start : end + 1])
        chance = _chance(said.get("injection", 0.0))
        codes = sorted(set(_list(said.get("unsafe", []))) & HAZARDS)
        about = {name: _chance(p) for name, p in said.get("topics", {}).items() if name in topics}
    except (ValueError, TypeError, AttributeError, RecursionError):
        raise NoAnswer("garbage") from None
    return (
        *((Said(INJECTION, ORDER, chance),) if chance else ()),
        *(Said(TOPICS, name, score) for name, score in sorted(about.items())),
        *(Said(UNSAFE, code, sure) for code in codes),
    )


def _list(raw: Any) -> list[Any]:
    if not isinstance(raw, list):
        raise TypeError
    return raw


def _chance(raw: Any) -> float:
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        raise TypeError
    if not 0 <= raw <= 1:
        raise ValueError
    return float(raw)
