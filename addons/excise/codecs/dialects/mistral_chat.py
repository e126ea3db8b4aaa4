"""Mistral: chat completions as everybody speaks them, refused as Mistral does.

Shapes: Mistral API reference, chat, fim, agents, embeddings. That `content` may be a list of
chunks and tool arguments an object is read by the dialect below.
"""

from __future__ import annotations

from excise.codecs.base import NOBODY, Asked
from excise.codecs.dialects.openai_chat import OpenAIChat
from excise.codecs.refusal import build_reply, openai_error
from excise.model import Refusal, Reply


class MistralChat(OpenAIChat):
    """The dialect of Mistral's `/v1/chat/completions` and its neighbours."""

    name: str = "mistral-chat"

    def refuse(self, refusal: Refusal, asked: Asked = NOBODY) -> Reply:
        """`{"object": "error", "message", "type", "param", "code"}`."""
        return build_reply(refusal, {"object": "error", **openai_error(refusal)["error"]})
