"""OpenAI assistants, threads and runs, also at Azure.

Shapes: OpenAI API reference, assistants, threads, messages, runs; streaming of runs. Names of
fields are those the fallback knows, so its labels serve.
"""

from __future__ import annotations

from excise.codecs.dialects.generic_json import GenericJson


class OpenAIAssistants(GenericJson):
    """The dialect of `/v1/assistants` and `/v1/threads`; refused in OpenAI's shape."""

    name: str = "openai-assistants"
