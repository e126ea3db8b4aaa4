"""What the stand-in answers: by default the words it was sent, or what those words ask for.

A prompt steers it by words of the form `standin:WORD` or `standin:WORD=VALUE`:

    tool      call the tool `save_note` with the text as argument
    tool=NAME call another one; a text that is a JSON object is its arguments
    saying=WORD  say this before the call (Chat and Messages)
    chunk=N   N characters a streamed piece (default 4; 0 cuts as tokens are)
    slow      wait a moment before every piece
    die=N     drop the connection after N streamed pieces; a whole answer is cut in its body
    gzip      answer gzip-encoded
    fail=N    answer with HTTP status N in the provider's error shape
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from excise.standin.received import Received

TOOL: Final = "save_note"
_SAID: Final = ("messages", "input", "contents", "prompt")
_WORDS: Final = ("content", "parts", "output", "text", "toolResult", "functionResponse", "response")
_STEER: Final = re.compile(r"\bstandin:([a-z]+)(?:=(\w+))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer of the model, whatever the dialect it is sent in.

    With `tool`, the text is the tool's argument, else it is the message. `pause` is in seconds.
    """

    text: str
    tool: str = ""
    saying: str = ""  # before the call
    chunk: int = 4
    pause: float = 0.0
    die_after: int | None = None
    encoding: str = ""
    status: int = 200


Script = Callable[[Received], Answer]


def answer_prompt(request: Received) -> Answer:
    """The default script: echo the last text of the conversation, steered by its own words."""
    text = last_text(request.json())
    steer = dict(_STEER.findall(text))
    plain = _STEER.sub("", text).strip()
    return Answer(
        text=f"You said: {plain}" if "tool" not in steer else plain,
        tool=(steer["tool"] or TOOL) if "tool" in steer else "",
        saying=steer.get("saying", ""),
        chunk=_number(steer, "chunk", 4),
        pause=0.05 if "slow" in steer else 0.0,
        die_after=_number(steer, "die", 0) if "die" in steer else None,
        encoding="gzip" if "gzip" in steer else "",
        status=_number(steer, "fail", 200),
    )


def _number(steer: Mapping[str, str], word: str, default: int) -> int:
    value = steer.get(word, "")
    return int(value) if value.isdecimal() else default


def always(answer: Answer) -> Script:
    """A script that gives one answer, whatever is asked."""
    return lambda request: answer


def last_text(body: Any) -> str:
    """The text of the last message or tool result of a request of any dialect, or ""."""
    if not isinstance(body, dict):
        return ""
    said = next((body[name] for name in _SAID if body.get(name)), "")
    return _text_of(said[-1] if isinstance(said, list) and said else said)


def _text_of(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "".join(_text_of(each) for each in value)
    if isinstance(value, dict):
        for name in _WORDS:
            if value.get(name):
                return _text_of(value[name])
    return ""
