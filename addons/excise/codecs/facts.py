"""What a dialect knows of a body beside its text: model, stream flag, tokens used."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final, NamedTuple
from urllib.parse import unquote

from excise.codecs.json.value import member, whole_number
from excise.model import Usage


class Facts(NamedTuple):
    """Empty where the body does not say."""

    model: str = ""
    stream: bool = False
    usage: Usage | None = None


NO_FACTS: Final = Facts()

# What makers call the tokens in and out.
_COUNTS: Final = (
    ("input_tokens", "output_tokens"),
    ("inputTokens", "outputTokens"),
    ("prompt_tokens", "completion_tokens"),
    ("prompt_token_count", "generation_token_count"),
    ("inputTokenCount", "outputTokenCount"),
    ("promptTokenCount", "candidatesTokenCount"),
    ("total_input_tokens", "total_output_tokens"),
)
_UNKNOWN: Final = Usage()

_STREAMED: Final = re.compile(
    r"""(?ix)
    (?: :(?:server)?stream[a-z]+        # Google: streamGenerateContent, streamRawPredict
    | /(?:converse|invoke-with-response)-stream
    | /retrieveandgeneratestream
    | /(?:chat|generation)_stream           # watsonx
    | /agents/[^/]+/agentaliases/[^/]+/sessions/[^/]+/text
    | /flows/[^/]+/aliases/[^/]+
    | \#stream
    ) /? \Z
    """
)


def request_facts(document: Any) -> Facts:
    """Of a request. Where `stream` stands twice, the provider may obey either."""
    model = ""
    stream = False
    for key, value in document if type(document) is tuple else ():
        if key == "model":
            model = word(value)
        elif key == "stream" and value is True:
            stream = True
    return Facts(model, stream)


def streams_by_path(path: str) -> bool:
    """Whether the path of a request asks for a streamed answer, whatever its body says: so it is
    with Google, AWS and Mistral's conversations."""
    return _STREAMED.search(unquote(path)) is not None


def build_response_facts(received: str, generated: str) -> Callable[[Any], Facts]:
    """A reader of answers whose `usage` counts under these two keys."""

    def response_facts(document: Any) -> Facts:
        return Facts(
            model=word(member(document, "model")),
            usage=read_usage(member(document, "usage"), received, generated),
        )

    return response_facts


def read_usage(usage: Any, received: str, generated: str) -> Usage | None:
    """The two counts of a parsed `usage` object, None where there is no such object."""
    if type(usage) is not tuple:
        return None
    return Usage(
        input=whole_number(member(usage, received)), output=whole_number(member(usage, generated))
    )


def find_usage(*places: Any) -> Usage | None:
    """The counts of the first of these objects that has some, whatever its maker calls them."""
    for place in places:
        for received, generated in _COUNTS if type(place) is tuple else ():
            usage = read_usage(place, received, generated)
            if usage is not None and usage != _UNKNOWN:
                return usage
    return None


def usage_anywhere(document: Any) -> Usage | None:
    """The counts of an answer, or a piece of one, of no dialect of its own."""
    answer = member(document, "response")
    return find_usage(
        *(
            member(node, name)
            for node in (document, answer, member(document, "interaction"))
            for name in ("usage", "usageMetadata")
        )
    )


def word(value: Any) -> str:
    """A parsed value where it is a string, else ""."""
    return value if type(value) is str else ""
