"""What an OpenAI Realtime server says over a WebSocket.

Shapes: OpenAI API reference, realtime server events. Several responses may be under way, and the
transcript of what the user says comes beside them; every delta names its item, and most their
response.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, cast

from excise.codecs.base import Channel, Delta, Label, StreamEvent
from excise.codecs.dialects.openai_realtime import RESPONSE_ROOT, answer_of, label_response
from excise.codecs.facts import read_usage, word
from excise.codecs.framing.ssejson import SseEvent, SseReader, is_key, write_json
from excise.codecs.json.value import member, whole_number
from excise.codecs.labels import Labeler
from excise.codecs.messages import MessageFramer, put_end
from excise.codecs.refusal import openai_error
from excise.codecs.sockets import Turn, word_of
from excise.model import Edit, Part, Path, Refusal, Role, Segment

MAX_OPEN: Final = 256  # texts spelled out at once; beyond it the oldest is taken to be over

_JSON: Final = frozenset({"response.function_call_arguments", "response.mcp_call_arguments"})
_AUDIO: Final = frozenset({"response.audio", "response.output_audio"})
_HEARD: Final = "conversation.item.input_audio_transcription"
_ENDINGS: Final = frozenset({"done", "completed", "failed"})
_TEXT_KEYS: Final = frozenset({"delta", "text", "transcript", "arguments"})


class OpenAIRealtimeMessages(SseReader):
    """Reads the server's messages; ends with `response.done`, incomplete by a content filter."""

    codec = "openai-realtime"
    labeler: Labeler = label_response
    root: Label = RESPONSE_ROOT

    def __init__(self) -> None:
        super().__init__(MessageFramer())
        self._open: dict[Channel, None] = {}
        self._begun: dict[str, dict[str, Any]] = {}
        self.live: set[str] = set()
        self.turns = 0

    # -- reading -----------------------------------------------------------------------------

    def shape(self, event: SseEvent) -> None:
        """Sort the texts of a message."""
        document = event.document
        event.kind = kind = word(member(document, "type"))
        stem, _, tail = kind.rpartition(".")
        response, item, part = _place_of(document)
        whole: list[Segment] = []
        deltas: list[Delta] = []
        for segment in event.segments:
            end = None
            if not is_key(segment):
                if len(segment.path) == 1 and segment.path[0] in _TEXT_KEYS:
                    segment = _labelled(segment, stem)
                end = _channel_end(segment.path, stem) if tail == "delta" else None
            if end is None:
                whole.append(segment)
                continue
            channel = Channel((response, item, part, end), end in _JSON)
            deltas.append(Delta(channel, segment))
            self._open[channel] = None
        if tail == "delta" and not deltas and event.segments:
            # Sound counts as an event behind which no text may wait for long.
            silent = event.segments[0]._replace(text="")
            deltas.append(Delta(Channel((response, item, part, stem)), silent))
        event.segments, event.deltas = tuple(whole), tuple(deltas)
        event.ends = self._ended(stem, tail, response, item, part)
        self._follow(event, kind)

    def _ended(
        self, stem: str, tail: str, response: str, item: str, part: int
    ) -> tuple[Channel, ...]:
        ended = []
        if tail in _ENDINGS:
            ended = [
                channel
                for channel in self._open
                if _covers(stem, (response, item, part), cast(tuple[Any, ...], channel.key))
            ]
        if len(self._open) - len(ended) > MAX_OPEN:
            ended.append(next(each for each in self._open if each not in ended))
        for channel in ended:
            del self._open[channel]
        return tuple(ended)

    def _follow(self, event: SseEvent, kind: str) -> None:
        response = member(event.document, "response")
        name = word(member(response, "id"))
        if kind == "response.created":
            self.live.add(name)
        elif kind == "response.done":
            self.live.discard(name)
            self.turns += 1
            self.forget()
            event.usage = read_usage(member(response, "usage"), "input_tokens", "output_tokens")
        elif kind in ("session.created", "session.updated"):
            event.model = word(member(event.document, "session", "model"))

    # -- ending ------------------------------------------------------------------------------

    def sent(self, event: StreamEvent, edits: Sequence[Edit] = ()) -> None:
        """Note which responses the client has seen begin and end."""
        event = cast(SseEvent, event)
        if event.kind in ("response.created", "response.done"):
            response = answer_of(event.edited(edits))
            name = word_of(response, "id")
            self._begun.pop(name, None)
            if event.kind == "response.created":
                self._begun[name] = dict(response)

    def close(self, notice: str) -> bytes:
        """An error that tells why, and the end of every response under way."""
        if not self._begun:
            return b""
        error = {"type": "content_filter", "code": "excise_leak", "message": notice}
        messages = [write_json(_event(error=error, kind="error"))]
        details = {"type": "incomplete", "reason": "content_filter"}
        for response in self._begun.values():
            cut = {**response, "status": "incomplete", "status_details": details}
            messages.append(write_json(_event(response=cut, kind="response.done")))
        self._begun.clear()
        return b"".join(map(put_end, messages))


class OpenAIRealtimeSocket:
    """The dialect of `/v1/realtime`."""

    name = "openai-realtime"

    def open_reader(self) -> OpenAIRealtimeMessages:
        """A reader of what the server says."""
        return OpenAIRealtimeMessages()

    def asks(self, message: Any) -> bool:
        """Whether the client asks for an answer with this."""
        return word_of(message, "type") == "response.create"

    def turn_of(self, message: Any) -> Turn:
        """Which response a message of the server's belongs to."""
        kind = word_of(message, "type")
        carried = word_of(answer_of(message), "id") if type(message) is dict else ""
        return Turn(word_of(message, "response_id") or carried, kind == "response.done")

    def refuse(self, refusal: Refusal, message: Any) -> tuple[bytes, ...]:
        """`error`, which names the event that is refused; the session stays."""
        error = openai_error(refusal)["error"]
        asked = word_of(message, "event_id")
        if asked:
            error["event_id"] = asked
        return (write_json(_event(error=error, kind="error")),)


def _event(*, kind: str, **members: Any) -> dict[str, Any]:
    return {"type": kind, "event_id": "event_excise", **members}


def _place_of(document: Any) -> tuple[str, str, int]:
    """Response, item and part; "" and 0 where the event does not say."""
    response = word(member(document, "response_id")) or word(member(document, "response", "id"))
    item = word(member(document, "item_id")) or word(member(document, "item", "id"))
    return response, item, whole_number(member(document, "content_index")) or 0


def _covers(stem: str, place: tuple[str, str, int], key: tuple[Any, ...]) -> bool:
    """Whether an event `stem`.done at `place` shows a channel to be complete."""
    response, item, part = place
    if stem == "response":
        return bool(key[0] == response)
    if (response, item) != key[:2]:
        return False
    if stem == "response.output_item":
        return True
    return bool(key[2] == part) and (
        stem == "response.content_part" or cast(str, key[3]).startswith(stem)
    )


def _channel_end(path: Path, stem: str) -> str | None:
    """What of a channel's key says which text of a part it is; None where it stands whole."""
    if path == ("delta",):
        return None if stem in _AUDIO else stem
    # Tokens spell the text a second time.
    return f"{stem}.logprobs" if path[-1:] == ("token",) else None


def _labelled(segment: Segment, stem: str) -> Segment:
    if stem == _HEARD:
        return segment._replace(role=Role.USER, part=Part.PROMPT, label="")
    part = Part.TOOL_ARGUMENTS if stem in _JSON else Part.COMPLETION
    return segment._replace(role=Role.ASSISTANT, part=part, label="")
