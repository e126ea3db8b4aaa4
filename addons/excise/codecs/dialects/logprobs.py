"""Log probabilities: the tokens of an answer, which spell its text a second time in pieces.

Where the text of a whole answer was edited, the pieces would still say what was cut out, or stand
for a placeholder that was put back; so they are left out (null, or an empty list), as if nobody
had asked for them. In a stream the tokens are a channel beside the text and edited like it; what
repeats a token there beside its own text (its bytes or number, the runners-up, of which the first
is mostly the token itself) is left out of the events that are edited.

Shapes: OpenAI chat completions, completions and Responses, Cohere, Ollama (`logprobs`), Gemini
(`logprobsResult`).
"""

from __future__ import annotations

import re
from typing import Final

# Inside a string the quotes are escaped, so these are keys.
_ANSWERS: Final = re.compile(rb'"(?:logprobs|logprobsResult|logprobs_result)"\s*:\s*(?=[\[{])')
_BESIDE: Final = re.compile(
    rb'"(?:top_logprobs|topCandidates|top_candidates|token_ids)"\s*:\s*(?=[\[{])'
)
_NUMBER: Final = re.compile(rb'(?<!\\)("(?:tokenId|token_id)"\s*:\s*)[0-9]+')
_BYTES: Final = re.compile(rb'(?<!\\)"bytes"\s*:\s*\[[0-9,\s]*\]')
_STEP: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[{]|[\]}]', re.DOTALL)


def drop_logprobs(body: bytes) -> bytes:
    """`body`, which is valid JSON, with every log probability left out."""
    return _emptied(body, _ANSWERS)


def drop_beside(data: bytes) -> bytes:
    """An event, which is valid JSON, whose tokens say no more than their text."""
    left = _BYTES.sub(b'"bytes":null', _emptied(data, _BESIDE))
    return _NUMBER.sub(rb"\g<1>0", left)


def _emptied(body: bytes, keys: re.Pattern[bytes]) -> bytes:
    """A list becomes empty, an object null."""
    pieces: list[bytes] = []
    at = 0
    while match := keys.search(body, at):
        end = _end_of(body, match.end())
        pieces += (body[at : match.end()], b"[]" if body[match.end()] == 0x5B else b"null")
        at = end
    return b"".join((*pieces, body[at:])) if pieces else body


def _end_of(body: bytes, start: int) -> int:
    """Where the list or object that starts here ends."""
    depth = 0
    for step in _STEP.finditer(body, start):
        if step[0] in (b"[", b"{"):
            depth += 1
        elif step[0] in (b"]", b"}"):
            depth -= 1
            if depth == 0:
                return step.end()
    return len(body)
