"""A streamed answer under inspection: events are released in order, once their text is decided.

Detection runs on upstream's text; what is found is redacted; then known placeholders are restored.
Restored values are never scanned. Events are taken one at a time, so that how the bytes were cut
into chunks can change nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple, Protocol

from excise.codecs.base import Channel, StreamEvent, StreamReader
from excise.detectors.base import Findings, Scanner
from excise.detectors.guests import of_calls
from excise.detectors.tools.calls import is_name
from excise.enforce.redact import Lookup, Name, find_restorable, merge_spans
from excise.errors import Unreadable
from excise.model import (
    Direction,
    Edit,
    Finding,
    Part,
    Ruling,
    Segment,
    Span,
    Spoken,
    Usage,
)
from excise.pipeline.channel import (
    Change,
    ChannelText,
    Held,
    find_in,
    find_whole,
    genuine,
    settle_limit,
)
from excise.pipeline.rulings import is_cut_out, refuses, stops_a_call, too_late, unedited
from excise.pipeline.tools import Calls, WholeCall
from excise.pipeline.words import Words
from excise.policy.running import Progress, Said
from excise.text.escapes import begins_json, unescape
from excise.text.tokencount import DEFAULT

MAX_BEHIND: Final = 32
"""Events with other texts that may queue behind an undecided one. OpenAI's chat does not say when
a text is over before the whole answer is: without this, tool calls would wait for the last word."""

_JOINED: Final = frozenset({Part.TOOL_ARGUMENTS, Part.TOOL_DEFINITION})  # read with their siblings
_REMEMBERED: Final = 256  # whole texts known to hold nothing: ids, models, types
_SHORT: Final = 128


Overhear = Callable[[Segment, Findings, Span], None]
"""A text, what was found in it, and the stretch of it that is decided now."""

Watch = Callable[[StreamEvent], tuple[str, ...]]
"""An event → reasons for which it counts as not read."""

Notice = Callable[[Sequence[Said]], str]
"""What was said when an answer is ended → its last words."""


def unwatched(_: StreamEvent) -> tuple[str, ...]:
    """Where nobody looks at events."""
    return ()


class Judge(Protocol):
    """Rules on one answer. Spans count in the text of the segment, which for a delta is the window
    around it."""

    def begin(self) -> Said:
        """What is said before the first word."""
        ...

    def hear(self, segment: Segment, findings: Findings) -> Said:
        """What is said of the findings in a text."""
        ...

    def finish(self) -> Said:
        """What is said now that the answer is over."""
        ...


class Step(NamedTuple):
    """What one chunk led to."""

    out: bytes = b""
    rulings: tuple[Ruling, ...] = ()
    clauses: tuple[Spoken, ...] = ()
    failed: frozenset[str] = frozenset()  # clauses whose expression failed
    closed: bool = False  # `out` ends the answer; nothing of upstream may follow
    unreadable: str = ""  # the reader gave up: `close` or `surrender` must follow
    unread: tuple[str, ...] = ()  # reasons for pieces whose meaning nobody read, told once

    def __repr__(self) -> str:
        return f"<Step {len(self.out)} bytes>"


class ResponseStream:
    """Reads, redacts, restores or ends one streamed answer."""

    def __init__(
        self,
        *,
        reader: StreamReader,
        scanner: Scanner,
        judge: Callable[[Callable[[], Progress]], Judge],
        redact: Name,
        lookup: Lookup,
        notice: Notice,
        encoding: str = DEFAULT,
        stops: Callable[[str], bool] = lambda reason: False,
        overhear: Overhear = lambda *_: None,
        lasts: Callable[[], bool] = bool,
        watch: Watch = unwatched,
    ) -> None:
        """`judge` gives the judge of one answer, which may ask how far the answer has come.
        `overhear` is told what is decided; while `lasts`, the end of a text is held."""
        self._reader = reader
        self.scanner = scanner
        self._open_judge = judge
        self._encoding = encoding
        self._redact = redact
        self._lookup = lookup
        self._notice = notice
        self._overhear = overhear
        self._lasts = lasts
        self._watch = watch
        self._last: Held | None = None  # the end of a text, held
        self._stops = stops  # whether an answer ends where something in it was not read
        self._queue: deque[Held] = deque()
        self._channels: dict[tuple[str | int, ...], ChannelText] = {}
        self._calls = Calls()
        self._clean: set[tuple[str, str, str, str]] = set()
        self._judge: Judge | None = None  # of the answer that has begun and is not over
        self._over = False
        self._said: list[Said] = []
        self._out: list[bytes] = []
        self._blocked = False
        self._count = 0
        self.closed = False
        self.unreadable = ""
        self._unread: set[str] = set()
        self._told: set[str] = set()
        self.model = ""
        self.usage: Usage | None = None
        self._words = Words(encoding)
        self.redacted = 0  # stretches replaced, and placeholders put back
        self.restored = 0

    @property
    def blocked(self) -> bool:
        """Whether something was said that ends the answer."""
        return self._blocked

    @property
    def waits(self) -> bool:
        """Whether anything is held."""
        return bool(self._queue)

    @property
    def tokens(self) -> int:
        """About how many tokens the texts have that the stream spelled out."""
        return self._words.tally.tokens

    # -- the way in and out ------------------------------------------------------------------

    def feed(self, chunk: bytes) -> Step:
        """The next bytes of upstream."""
        return self._run(lambda: self._reader.feed(chunk), last=False)

    def finish(self) -> Step:
        """Upstream has ended: all that is held is decided."""
        return self._run(self._reader.finish, last=True)

    def close(self, notice: str) -> bytes:
        """A clean native ending behind what was released; what is held is dropped."""
        self.closed = True
        self._queue.clear()
        self._channels.clear()
        self._calls = Calls()
        return self._reader.close(notice)

    def interject(self, segment: Segment, findings: Findings) -> Step:
        """Heed what others found in what is with the client already: what would be cut out of it
        ends the answer."""
        if not self.closed and self._judge is not None:
            said = self._judge.hear(segment, findings)
            self._heed(said._replace(rulings=tuple(map(too_late, said.rulings))))
        return self._step(self.close(self._notice(self._said)) if self._blocked else b"")

    def let_go(self) -> Step:
        """Release the end of a text, where it was held."""
        out: list[bytes] = []
        if self._last is not None and not self.closed:
            self._last.waiting -= 1
            self._release(out)
        self._last = None
        return self._step(b"".join(out))

    def surrender(self) -> bytes:
        """What is held, as upstream sent it: for a policy that lets unreadable bytes pass."""
        self.closed = True
        held = b"".join(_written(each) for each in self._queue)
        self._queue.clear()
        self._channels.clear()
        self._calls = Calls()
        return held + self._reader.rest()

    def begin(self) -> None:
        """Another answer begins on the same stream: what is told once is told anew."""
        self.usage = None
        self._unread.clear()
        self._told.clear()
        self._judge, self._over = None, False
        self._words = Words(self._encoding)

    def conclude(self) -> Step:
        """The answer is over: what is known only now is said, once."""
        self._end_all()
        return self._step(b"")

    def _run(self, events: Callable[[], Iterable[StreamEvent]], *, last: bool) -> Step:
        if self.closed or self.unreadable:
            return Step(closed=self.closed, unreadable=self.unreadable)
        out: list[bytes] = []
        self._out = out
        try:
            for event in events():
                self._take(event)
                if self._blocked:
                    break
                self._release(out)
        except Unreadable as fault:
            self.unreadable = fault.reason
        if last and not self._blocked:
            if self._last is not None:
                out.append(self.let_go().out)
            self._end_all()
            if not self._blocked:
                self._release(out)
        if self._blocked:
            out.append(self.close(self._notice(self._said)))
        return self._step(b"".join(out))

    def _step(self, out: bytes) -> Step:
        if not self._said and self._unread == self._told:  # nearly always
            return Step(out=out, closed=self.closed, unreadable=self.unreadable)
        said, self._said = self._said, []
        news = tuple(sorted(self._unread - self._told))
        self._told |= self._unread
        return Step(
            out=out,
            rulings=tuple(ruling for each in said for ruling in each.rulings),
            clauses=tuple(clause for each in said for clause in each.clauses),
            failed=frozenset().union(*(each.failed for each in said)),
            closed=self.closed,
            unreadable=self.unreadable,
            unread=news,
        )

    def _release(self, out: list[bytes]) -> None:
        queue = self._queue
        while queue and not queue[0].waiting:
            held = queue.popleft()
            out.append(_written(held))
            self._reader.sent(held.event, held.edits)

    # -- one event ---------------------------------------------------------------------------

    def _take(self, event: StreamEvent) -> None:
        self._note(event)
        if not self._blocked and self._judge is None:
            self._judge = self._open_judge(lambda: self._words.progress())
            self._heed(self._judge.begin())
        if self._blocked:
            return
        held = Held(event)
        self._queue.append(held)
        if event.segments:
            self._read_whole(held, event)
        if event.deltas:
            self._count += 1
        touched = {}
        for channel, segment in event.deltas:
            if segment.text:
                text = self._channel(channel, segment)
                text.sealed = segment.token in event.sealed
                text.add(segment, held)
                self._words.add(segment)
                text.last = self._count
                touched[channel.key] = text
        for text in touched.values():
            self._settle(text)
        for channel in event.ends:
            ended = self._channels.pop(channel.key, None)
            if ended is not None and ended.waits:
                self._settle(ended, final=True)
        if of_calls(self.scanner):
            for call, waiting in self._calls.take(held, event):
                self._settle_call(call, waiting)
        if event.ends_all:
            self._end_all()
        elif self._queue and self._queue[0].waiting:
            self._settle_idle()
        if (event.ends or event.ends_all) and not self._blocked and self._lasts():
            held.waiting += self._last is None
            self._last = self._last or held

    def _note(self, event: StreamEvent) -> None:
        self.model = self.model or event.model
        if unread := event.unread + self._watch(event):
            self._unread.update(unread)
            self._blocked |= any(map(self._stops, unread))
        if event.usage is not None:
            before = self.usage or Usage()
            self.usage = Usage(
                input=before.input if event.usage.input is None else event.usage.input,
                output=before.output if event.usage.output is None else event.usage.output,
            )

    def _channel(self, channel: Channel, segment: Segment) -> ChannelText:
        text = self._channels.get(channel.key)
        if text is None:
            text = self._channels[channel.key] = ChannelText(segment, json=channel.json)
        return text

    # -- texts that stand whole --------------------------------------------------------------

    def _read_whole(self, held: Held, event: StreamEvent) -> None:
        texts = []
        for segment in event.segments:
            known = (segment.text, segment.role, segment.part, segment.label)
            if known not in self._clean or segment.part in _JOINED:
                json = begins_json(segment.text)
                texts.append((segment, unescape(segment.text) if json else None))
        if not texts:
            return
        for (segment, _), findings in zip(texts, find_whole(self.scanner, texts), strict=True):
            sealed = segment.token in event.sealed
            if is_name(segment):
                # A call of which no more than the name is here is judged when it is whole.
                mine = of_calls(self.scanner)
                findings = tuple(each for each in findings if each.rule not in mine)
            if findings or "[" in segment.text:
                for change in self._changes_of(segment, findings, sealed):
                    held.edits.append(Edit(segment.token, *change))
            elif len(segment.text) <= _SHORT:
                if len(self._clean) >= _REMEMBERED:
                    self._clean.clear()
                self._clean.add((segment.text, segment.role, segment.part, segment.label))

    def _changes_of(self, segment: Segment, findings: Findings, sealed: bool) -> list[Change]:
        text = ChannelText(segment, json=begins_json(segment.text))
        text.text = segment.text
        known = text.find_placeholders(self._lookup)
        text.sealed = sealed
        return self._changes(text, genuine(findings, known, segment.text), len(segment.text))

    # -- texts that are spelled out ----------------------------------------------------------

    def _end_all(self) -> None:
        """Nothing grows any more; what ends the answer is not yet released."""
        self._settle_all()
        for call, waiting in self._calls.rest():
            self._settle_call(call, waiting)
        if not self._blocked and self._judge is not None and not self._over:
            self._over = True
            self._heed(self._judge.finish())

    def _settle_all(self) -> None:
        self._settle_texts()
        self._channels.clear()

    def _settle_texts(self) -> None:
        for text in self._channels.values():
            if text.waits:
                self._settle(text, final=True)

    def _settle_idle(self) -> None:
        for text in self._channels.values():
            if text.waits and self._count - text.last > MAX_BEHIND:
                self._settle(text, final=True)

    def _settle(self, text: ChannelText, *, final: bool = False) -> None:
        """Decide as much of a text as can be decided, or with `final` all of it."""
        if final:
            limit, forced = len(text.text), False
        else:
            limit, forced = text.find_limit(self.scanner)
            if limit <= text.done:
                return
        whole = text.segment.saying(text.text)
        found: Findings = ()
        if not self.scanner.rests(whole, text.done):
            (found,) = find_in(self.scanner, [(whole, text.view)])
        known = text.find_placeholders(self._lookup)
        found_here = genuine(found, known, text.text) if found else []
        limit = settle_limit(
            limit, [*known, *(finding.span for finding in found_here)], forced=forced
        )
        limit = max(limit, text.done)
        decided = [
            finding._replace(span=Span(max(finding.span.start, text.done), finding.span.end))
            for finding in found_here
            if text.done < finding.span.end <= limit
        ]
        changes = self._changes(text, decided, limit) if decided or known else []
        self._overhear(whole, tuple(decided), Span(text.done, limit))
        if not self._blocked:
            text.apply(changes, limit)

    def _settle_call(self, call: WholeCall, waiting: Sequence[Held]) -> None:
        """Let a whole call go, or end the answer in front of it."""
        if self._blocked:
            return
        mine, texts = of_calls(self.scanner), (call.name, call.arguments)
        found = self.scanner.inspect(texts, Direction.RESPONSE, 0.0).findings[1]
        seen = tuple(each for each in found if each.rule in mine)
        assert self._judge is not None
        said = self._judge.hear(call.arguments, seen)
        if call.is_cut:
            self._unread.add("size")
        # What was cut out of a call would make it another one: it is refused as a whole.
        refused = any(map(stops_a_call, said.rulings)) or (call.is_cut and self._stops("size"))
        if refused:
            self._settle_texts()
            if not self._blocked:
                self._release(self._out)
        self._heed(said)
        self._blocked |= refused
        for held in waiting:
            held.waiting -= 1

    # -- what both have in common ------------------------------------------------------------

    def _heed(self, said: Said) -> None:
        """Note what is said, and whether it ends the answer."""
        self._said.append(said)
        every: tuple[Ruling | Spoken, ...] = (*said.rulings, *said.clauses)
        self._blocked |= any(map(refuses, every))

    def _changes(self, text: ChannelText, findings: Sequence[Finding], limit: int) -> list[Change]:
        """What to change between what is done and `limit`; heeds what is said of it."""
        changes: list[Change] = []
        if findings:
            segment = text.segment.saying(text.text)
            assert self._judge is not None
            said = self._judge.hear(segment, tuple(findings))
            if text.sealed:
                said = said._replace(rulings=tuple(map(unedited, said.rulings)))
            self._heed(said)
            cut = [ruling for ruling in said.rulings if is_cut_out(ruling)]
            changes = [
                Change(span, self._redact(ruling, text.text[span.start : span.end]))
                for span, ruling in merge_spans(cut)
            ]
            self.redacted += len(changes)
        if text.sealed:
            return []
        back = [
            Change(span, value)
            for span, value in find_restorable(text.text, self._lookup, inside_json=text.json)
            if text.done <= span.start and span.end <= limit
        ]
        self.restored += len(back)
        return changes + back


def _written(held: Held) -> bytes:
    return held.event.splice(held.edits) if held.edits else held.event.raw
