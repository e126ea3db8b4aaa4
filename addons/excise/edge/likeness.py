"""What a decrypted request or answer of a host outside the catalogue has in common with those of
models: its path, and the names at the beginning of its body. Values are not looked at."""

from __future__ import annotations

import re
from typing import Final

PATH: Final = "llm-path"
BODY: Final = "llm-body"
ANSWER: Final = "llm-answer"
CADENCE: Final = "llm-cadence"

LOOKED_AT: Final = 4096  # bytes at the beginning of a body, and at its end where it is longer

# Paths of the dialects that servers offer under names of their own (docs/reference/hosts.md).
_PATHS: Final = re.compile(
    r"/(?:chat/completions|completions|v1/(?:messages|responses|complete|embeddings|rerank)"
    r"|api/(?:generate|chat|embed|embeddings)|v2/chat|converse(?:-stream)?"
    r"|invoke(?:-with-response-stream)?|models/[^/]+:(?:streamG|g)enerateContent)$"
)
_MODEL: Final = re.compile(r"models/[^/]+:")
# Names that a request of a model has at its top; two different ones must stand there.
_ASKED: Final = (
    re.compile(rb'"(?:model|modelId|deployment|inferenceConfig|generationConfig)"\s*:'),
    re.compile(rb'"(?:messages|contents|prompt|input|inputText|chat_history)"\s*:\s*[\["]'),
)
_TURNS: Final = re.compile(rb'"role"\s*:\s*"(?:user|assistant|system|model)"')
# A query language has names of its own, and its variables any.
_OTHER: Final = re.compile(rb'^\s*\[?\s*\{\s*"(?:query|operationName|extensions)"\s*:')
_TOLD: Final = re.compile(
    rb'"(?:choices|candidates)"\s*:\s*\[|"type"\s*:\s*"(?:message_start|content_block_delta'
    rb'|response\.created|response\.output_text\.delta)"|"stop_reason"\s*:|"usageMetadata"\s*:'
    rb'|"(?:completion|prompt|output|input)_tokens"\s*:|"eval_count"\s*:'
)


def asked_path(method: str, target: str) -> str:
    """The end of a path by which a model would be asked, "" where it is none; nothing else of the
    path is told. Probes and lists do not post."""
    found = _PATHS.search(target.partition("?")[0].rstrip("/")) if method == "POST" else None
    return _MODEL.sub("models/*:", found[0]) if found else ""


def asks_by_body(head: bytes) -> bool:
    """Whether the beginning of a request's body has the names of one to a model."""
    if _OTHER.match(head):
        return False
    named = [name.search(head) is not None for name in _ASKED]
    return all(named) or (named[1] and _TURNS.search(head) is not None)


def answers(head: bytes) -> bool:
    """Whether the beginning of an answer's body has the names of a model's."""
    return _TOLD.search(head) is not None
