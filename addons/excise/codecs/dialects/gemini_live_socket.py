"""What a Gemini Live server says over a WebSocket.

Shapes: Gemini API reference, Live API, `BidiGenerateContentServerMessage`. Text goes on from
message to message until the turn is complete; transcripts come beside it and in no fixed order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, cast

from excise.codecs.base import Channel, Delta, Label, StreamEvent
from excise.codecs.dialects.gemini_content import either
from excise.codecs.dialects.gemini_live import (
    RESPONSE_ROOT,
    build_notice,
    either_of,
    label_response,
)
from excise.codecs.framing.ssejson import SseEvent, SseReader, is_key
from excise.codecs.json.value import item, member, whole_number
from excise.codecs.labels import Labeler
from excise.codecs.messages import MessageFramer, put_end
from excise.codecs.refusal import message_of, set_apart
from excise.codecs.sockets import Turn
from excise.model import Edit, Path, Refusal, Segment, Usage

_TURNS: Final = frozenset({"modelTurn", "model_turn"})
_HEARD: Final = frozenset({"inputTranscription", "input_transcription"})
_SPOKEN: Final = frozenset({"outputTranscription", "output_transcription"})
_TEXT: Final = Channel(("text",))
_THOUGHT: Final = Channel(("thought",))
_INPUT: Final = Channel(("input",))
_OUTPUT: Final = Channel(("output",))
_ALL: Final = (_TEXT, _THOUGHT, _INPUT, _OUTPUT)


class GeminiLiveMessages(SseReader):
    """Reads the server's messages; ends with a notice and `turnComplete`."""

    codec = "gemini-live"
    labeler: Labeler = label_response
    root: Label = RESPONSE_ROOT

    def __init__(self) -> None:
        super().__init__(MessageFramer())
        self._begun = self._said = False
        self.live: set[str] = set()
        self.turns = 0

    # -- reading -----------------------------------------------------------------------------

    def shape(self, event: SseEvent) -> None:
        """Sort the texts of a message."""
        content = either(event.document, "serverContent", "server_content")
        whole: list[Segment] = []
        deltas: list[Delta] = []
        for segment in event.segments:
            channel = None if is_key(segment) else _channel_of(segment.path, content)
            if channel is None:
                whole.append(segment)
            else:
                deltas.append(Delta(channel, segment))
        turn = either(content, "modelTurn", "model_turn")
        if turn is not None and not deltas and whole:
            # Sound counts as an event behind which no text may wait for long.
            deltas.append(Delta(_TEXT, whole[0]._replace(text="")))
        event.segments, event.deltas = tuple(whole), tuple(deltas)
        event.ends = self._ended(content, turn is not None)
        event.usage = _read_usage(either(event.document, "usageMetadata", "usage_metadata"))

    def _ended(self, content: Any, said: bool) -> tuple[Channel, ...]:
        if said:
            self.live.add("")
        over = either(content, "turnComplete", "turn_complete") is True
        if over:
            self.live.clear()
            self.turns += 1
            self.forget()
            return _ALL
        ends: list[Channel] = []
        if said:
            ends.append(_INPUT)
        if _finished(either(content, "inputTranscription", "input_transcription")):
            ends.append(_INPUT)
        if _finished(either(content, "outputTranscription", "output_transcription")):
            ends.append(_OUTPUT)
        if either(content, "generationComplete", "generation_complete") is True:
            ends += (_TEXT, _THOUGHT)
        return tuple(dict.fromkeys(ends))

    # -- ending ------------------------------------------------------------------------------

    def sent(self, event: StreamEvent, edits: Sequence[Edit] = ()) -> None:
        """Note whether the client is in the middle of a turn."""
        content = either(cast(SseEvent, event).document, "serverContent", "server_content")
        self._said |= any(channel == _TEXT for channel, segment in event.deltas if segment.text)
        self._begun |= either(content, "modelTurn", "model_turn") is not None
        if either(content, "turnComplete", "turn_complete") is True:
            self._begun = self._said = False

    def close(self, notice: str) -> bytes:
        """The notice as text of the model's, and the end of its turn."""
        if not self._begun:
            return b""
        text = set_apart(notice, self._said)
        self._begun = self._said = False
        return b"".join(map(put_end, build_notice(text)))


class GeminiLiveSocket:
    """The dialect of `BidiGenerateContent`."""

    name = "gemini-live"

    def open_reader(self) -> GeminiLiveMessages:
        """A reader of what the server says."""
        return GeminiLiveMessages()

    def asks(self, message: Any) -> bool:
        """Whether the client asks for an answer with this."""
        content = either_of(message, "clientContent", "client_content")
        if content is not None:
            return either_of(content, "turnComplete", "turn_complete") is True
        return either_of(message, "toolResponse", "tool_response") is not None

    def turn_of(self, message: Any) -> Turn:
        """There is one turn at a time."""
        content = either_of(message, "serverContent", "server_content")
        return Turn("", either_of(content, "turnComplete", "turn_complete") is True)

    def refuse(self, refusal: Refusal, message: Any) -> tuple[bytes, ...]:
        """A turn of the model's that says why; the protocol has no error that leaves the socket
        open. Before the set-up is complete there is no turn."""
        if message is None or either_of(message, "setup", "setup") is not None:
            return ()
        return build_notice(message_of(refusal))


def _channel_of(path: Path, content: Any) -> Channel | None:
    if len(path) < 3 or path[0] not in ("serverContent", "server_content"):
        return None
    if path[1] in _TURNS and len(path) == 5 and path[4] == "text":
        part = item(member(either(content, "modelTurn", "model_turn"), "parts"), path[3])
        return _THOUGHT if member(part, "thought") is True else _TEXT
    if path[2:] == ("text",) and path[1] in _HEARD:
        return _INPUT
    if path[2:] == ("text",) and path[1] in _SPOKEN:
        return _OUTPUT
    return None


def _finished(transcription: Any) -> bool:
    return member(transcription, "finished") is True


def _read_usage(counts: Any) -> Usage | None:
    if type(counts) is not tuple:
        return None
    return Usage(
        input=whole_number(either(counts, "promptTokenCount", "prompt_token_count")),
        output=whole_number(either(counts, "responseTokenCount", "response_token_count")),
    )
