"""Amazon Bedrock agents, flows and knowledge bases.

Shapes: Agents for Amazon Bedrock Runtime API reference, InvokeAgent, InvokeFlow,
RetrieveAndGenerate. Names of fields are those the fallback knows, so its labels serve.
"""

from __future__ import annotations

from collections.abc import Callable

from excise.codecs.base import NOBODY, Asked, StreamReader
from excise.codecs.dialects.bedrock_converse import is_binary_stream, refuse_as_aws
from excise.codecs.dialects.generic_json import GenericJson
from excise.model import Refusal, Reply


class BedrockAgents(GenericJson):
    """The dialect of `/agents`, `/flows`, `/retrieveAndGenerate` and `/runtimes`."""

    name: str = "bedrock-agents"

    def __init__(
        self, open_events: Callable[[], StreamReader], open_messages: Callable[[], StreamReader]
    ) -> None:
        super().__init__(open_events)
        self._open_messages = open_messages

    def open_stream(self, media_type: str) -> StreamReader | None:
        """A reader for an AWS event stream, or for events; None where it is neither."""
        if is_binary_stream(media_type):
            return self._open_messages()
        return super().open_stream(media_type)

    def refuse(self, refusal: Refusal, asked: Asked = NOBODY) -> Reply:
        """`{"message"}` and `x-amzn-errortype`."""
        return refuse_as_aws(refusal)
