"""Amazon Bedrock InvokeModel: each model's own body, read as its maker's dialect or as any JSON.

Shapes: Bedrock user guide, inference parameters of Anthropic, Amazon, Meta, Mistral, Cohere, AI21.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from excise.codecs.base import NOBODY, Asked, Label, StreamReader
from excise.codecs.dialects import anthropic_messages, generic_json
from excise.codecs.dialects.bedrock_converse import is_binary_stream, refuse_as_aws
from excise.codecs.facts import Facts, find_usage, request_facts, word
from excise.codecs.json.span import JsonReading, read_json
from excise.codecs.json.value import member
from excise.codecs.labels import Labeler
from excise.model import Refusal, Reply, Usage

_Labels = tuple[Labeler, Label]
_ANTHROPIC_REQUEST: Final = (anthropic_messages.label_request, anthropic_messages.REQUEST_ROOT)
_ANTHROPIC_RESPONSE: Final = (anthropic_messages.label_response, anthropic_messages.RESPONSE_ROOT)
_OTHER_REQUEST: Final = (generic_json.label_request, generic_json.REQUEST_ROOT)
_OTHER_RESPONSE: Final = (generic_json.label_response, generic_json.RESPONSE_ROOT)


class BedrockInvoke:
    """The dialect of `/model/{id}/invoke` and `/invoke-with-response-stream`."""

    name: str = "bedrock-invoke"

    def __init__(self, open_events: Callable[[], StreamReader]) -> None:
        self._open_events = open_events

    def read_request(self, body: bytes) -> JsonReading:
        """Raises `Unreadable`."""
        if b'"anthropic_version"' in body:
            reading = self._read(body, _ANTHROPIC_REQUEST, request_facts)
            if member(reading.documents[0], "anthropic_version") is not None:
                return reading
        return self._read(body, _OTHER_REQUEST, request_facts)

    def read_response(self, body: bytes) -> JsonReading:
        """Raises `Unreadable`."""
        if b'"stop_reason"' in body:
            reading = self._read(body, _ANTHROPIC_RESPONSE, _answered)
            if word(member(reading.documents[0], "type")) == "message":
                return reading
        return self._read(body, _OTHER_RESPONSE, _answered)

    def open_stream(self, media_type: str) -> StreamReader | None:
        """A reader for an AWS event stream; this service sends no other."""
        return self._open_events() if is_binary_stream(media_type) else None

    def refuse(self, refusal: Refusal, asked: Asked = NOBODY) -> Reply:
        """`{"message"}` and `x-amzn-errortype`."""
        return refuse_as_aws(refusal)

    def _read(self, body: bytes, labels: _Labels, facts: Callable[[Any], Facts]) -> JsonReading:
        return read_json(body, *labels, codec=self.name, facts=facts)


def count_tokens(document: Any) -> Usage | None:
    """The tokens that an answer, or a piece of one, says it used, whoever made the model."""
    metrics = member(document, "amazon-bedrock-invocationMetrics")
    return find_usage(metrics, member(document, "usage"), document)


def _answered(document: Any) -> Facts:
    return Facts(model=word(member(document, "model")), usage=count_tokens(document))
