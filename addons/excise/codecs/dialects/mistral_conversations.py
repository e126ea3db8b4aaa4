"""Mistral conversations and agents.

Shapes: Mistral API reference, conversations: `inputs` is a text or a list of entries. Names of
fields are those the fallback knows, so its labels serve.
"""

from __future__ import annotations

from excise.codecs.base import NOBODY, Asked
from excise.codecs.dialects.generic_json import GenericJson
from excise.codecs.refusal import build_reply, openai_error
from excise.model import Refusal, Reply


class MistralConversations(GenericJson):
    """The dialect of `/v1/conversations` at Mistral."""

    name: str = "mistral-conversations"

    def refuse(self, refusal: Refusal, asked: Asked = NOBODY) -> Reply:
        """`{"object": "error", "message", "type", "param", "code"}`."""
        return build_reply(refusal, {"object": "error", **openai_error(refusal)["error"]})
