"""The census: every text of every fixture gets a planted value, goes through the firewall, and what
leaves is looked at. `docs/reference/coverage.md` and `test_census.py` are made of its cells.

A fixture is a request, an answer or a stream of real shape; a field is a path in it, in which
items of an array count as one; a cell is a field in one content coding.
"""

from __future__ import annotations

import base64
import copy
import itertools
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import document_samples
from framings import FRAMINGS, load_events
from picture_samples import bare, saved
from planted import PlantScanner, planted_policy
from walled import HOSTS

from excise.codecs.framing.encoding import decode, encode
from excise.codecs.media import SHORTEST, hidden_in
from excise.enforce.redact import Placeholders
from excise.errors import Unreadable
from excise.model import Action, Answer, Direction, DocumentText, Exchange, Principal
from excise.pipeline.firewall import Firewall
from excise.pipeline.outcome import Context, RequestOutcome, ResponseOutcome
from excise.workers import documents

PLANT: Final = "SECRET-20261121"
HELD: Final = "[EMAIL_p4r8t2w6z]"
VALUE: Final = "bob@example.org"
CODINGS: Final = ("", "gzip", "deflate", "br", "zstd", "gzip, br")
BODIES: Final = Path(__file__).parent / "wire" / "census" / "bodies.jsonl"

EDITED: Final = "edited"
RESTORED: Final = "edited, restored"
SIGNED: Final = "read"  # and recorded; the provider signed or encrypted it
STOPPED: Final = "read, stops the message"
LEFT_OUT: Final = "left out"  # tokens of an answer whose text was edited
NOT_READ: Final = "NOT READ"

# Numbers in answers that repeat a text, as the model's own tokens.
EXPLAINED: Final = {
    ("openai-chat", "choices[].logprobs.content[].bytes[]"): "the bytes of a token that is read",
    ("cohere-chat", "logprobs.logprobs[]"): "how likely a token is that is read",
    ("cohere-chat", "logprobs.token_ids[]"): "the model's own number of a token that is read",
    ("gemini-content", "candidates[].logprobsResult.chosenCandidates[].tokenId"): (
        "the model's own number of a token that is read"
    ),
    ("ollama-chat", "logprobs[].bytes[]"): "the bytes of a token that is read",
    ("ollama-chat", "context[]"): "the model's own token ids; marked when a client sends them",
}

Steps = tuple[str | int, ...]


class Fixture(NamedTuple):
    """A body or a stream to plant into."""

    dialect: str
    direction: Direction
    mode: str  # `whole` or `stream`
    host: str
    target: str
    document: Any  # a JSON value; of a stream the list of its events
    framing: str = ""
    media_type: str = "application/json"


class Field(NamedTuple):
    """A place in a fixture."""

    name: str
    path: Steps
    is_key: bool = False
    known: str = ""  # what the firewall should say of it without a planted value
    numbers: bool = False  # nothing can be planted


@cache
def wall() -> Firewall:
    """A firewall that knows the planted value, and one placeholder."""
    ticks = itertools.count()
    return Firewall(
        catalogue=HOSTS,
        policy=planted_policy(uninspectable=Action.ALERT),
        scanner=PlantScanner(),
        placeholders=Placeholders(b"k" * 32),
        fingerprint_key=b"f" * 32,
        lookup=lambda principal: {HELD: VALUE}.get,
        timer=lambda: next(ticks) / 1000,
        documents=_read_here,
    )


def _read_here(data: bytes) -> DocumentText:
    """As the child reads it."""
    answer = documents.read({"data": base64.b64encode(data).decode()})
    if "error" in answer:
        raise Unreadable("document")
    return DocumentText(tuple(answer["texts"]), tuple(answer["unread"]))


# -- fixtures ------------------------------------------------------------------------------------

# dialect, folder, framing, host, target, fixtures
STREAMS: Final = (
    ("openai-chat", "", "sse", "api.openai.com", "/v1/chat/completions",
     ("text", "tools", "logprobs", "reasoning", "refusal", "choices", "legacy")),
    ("openai-responses", "", "named", "api.openai.com", "/v1/responses",
     ("text", "tools", "reasoning", "refusal", "logprobs")),
    ("anthropic-messages", "", "named", "api.anthropic.com", "/v1/messages",
     ("text", "tools", "thinking", "citations", "legacy")),
    ("gemini-content", "", "sse", "cloudcode-pa.googleapis.com", "/v1internal:generateContent",
     ("text", "code-assist", "logprobs")),
    ("gemini-stream", "gemini-content", "array", "generativelanguage.googleapis.com",
     "/v1beta/models/m:streamGenerateContent", ("text", "calls")),
    ("ollama-chat", "", "lines", "localhost:11434", "/api/chat", ("chat", "generate", "logprobs")),
    ("cohere-chat", "", "named", "api.cohere.com", "/v2/chat", ("text", "tools", "logprobs")),
    ("cohere-chat", "", "lines", "api.cohere.com", "/v1/chat", ("old",)),
    ("mcp-jsonrpc", "", "sse", "api.githubcopilot.com", "/mcp/readonly", ("call",)),
    ("mistral-chat", "openai-chat", "sse", "api.mistral.ai", "/v1/chat/completions",
     ("text", "chunks", "tools")),
    ("mistral-conversations", "", "named", "api.mistral.ai", "/v1/conversations", ("text",)),
    ("openai-assistants", "", "sse", "api.openai.com", "/v1/threads/t/runs", ("text",)),
    ("bedrock-converse", "", "converse", "bedrock-runtime.us-east-1.amazonaws.com",
     "/model/m/converse-stream", ("text", "tools")),
    ("bedrock-invoke", "", "chunks", "bedrock-runtime.us-east-1.amazonaws.com",
     "/model/m/invoke-with-response-stream",
     ("anthropic", "meta", "mistral", "nova", "choices")),
    ("bedrock-agents", "", "agents", "bedrock-agent-runtime.us-east-1.amazonaws.com",
     "/agents/a/agentAliases/b/sessions/c/text", ("text",)),
    ("generic-json", "", "sse", "chatgpt.com", "/backend-api/f/conversation", ("web",)),
    ("generic-json", "", "sse", "api-inference.huggingface.co", "/models/m", ("tokens",)),
    ("generic-json", "", "lines", "api-inference.huggingface.co", "/models/m", ("tokens",)),
)  # fmt: skip


def load_fixtures() -> Iterator[Fixture]:
    """Every body and every stream."""
    for line in BODIES.read_text("utf-8").splitlines():
        row = json.loads(line)
        dialect = dialect_of(row["host"], row["path"])
        direction = Direction(row["direction"])
        yield Fixture(dialect, direction, "whole", row["host"], row["path"], row["body"])
    for dialect, folder, framing, host, target, names in STREAMS:
        for name in names:
            events = load_events(folder or dialect, name)
            media_type = FRAMINGS[framing].media_type
            yield Fixture(
                dialect, Direction.RESPONSE, "stream", host, target, events, framing, media_type
            )


def dialect_of(host: str, target: str) -> str:
    """The dialect that the catalogue names."""
    entry = HOSTS.find(host)
    assert entry is not None, host
    return entry.dialect(target)


def find_fields(fixture: Fixture) -> Iterator[Field]:
    """Every place in which a text stands or a key might, each name once."""
    seen = set()
    for found in _fields(fixture.document, (), fixture.mode == "stream"):
        if found.name not in seen:
            seen.add(found.name)
            yield found


def _fields(value: Any, path: Steps, events: bool) -> Iterator[Field]:
    if isinstance(value, str):
        why = hidden_in(value, _key(path)) if len(value) >= SHORTEST else ""
        yield Field(_name(path, events), path, known=f"uninspectable: {why}" if why else "")
    elif isinstance(value, dict):
        if value:
            yield Field(_name((*path, "{key}"), events), path, is_key=True)
        for key, item in value.items():
            yield from _fields(item, (*path, key), events)
    elif isinstance(value, list):
        if value and all(isinstance(item, int | float) for item in value):
            marked = "uninspectable: token-ids"
            yield Field(_name((*path, 0), events), path, known=marked, numbers=True)
        for index, item in enumerate(value):
            yield from _fields(item, (*path, index), events)


def _key(path: Steps) -> str:
    return next((step for step in reversed(path) if isinstance(step, str)), "")


def _name(path: Steps, events: bool) -> str:
    steps = path[1:] if events else path
    return ".".join("[]" if isinstance(step, int) else step for step in steps).replace(".[]", "[]")


# -- planting ------------------------------------------------------------------------------------


def plant(fixture: Fixture, field: Field, text: str) -> Any:
    """The fixture's document with a text put behind what stands in a field."""
    document = copy.deepcopy(fixture.document)
    *above, last = field.path or (None,)
    node = document
    for step in above:
        node = node[step]
    if field.is_key:
        (node if last is None else node[last])[text] = "v"
    elif last is None:
        document = f"{document} {text} "
    else:
        node[last] = f"{node[last]} {text} "
    return document


def judge(fixture: Fixture, field: Field, coding: str) -> str:
    """What became of a value planted in this field, in this content coding."""
    why = EXPLAINED.get((fixture.dialect, field.name), "")
    if why:
        return f"uninspectable: {why}"
    if field.known and _is_marked(fixture, field, coding):
        return field.known
    if field.numbers:
        return NOT_READ
    if fixture.direction is Direction.REQUEST:
        return _judge_request(fixture, plant(fixture, field, PLANT), coding)
    text = f"{PLANT} {HELD}"
    out, signed = _answered(fixture, plant(fixture, field, text), coding)
    if PLANT in out:
        return SIGNED if signed else NOT_READ
    if VALUE not in out and HELD not in out and "logprobs" in field.name.lower():
        return LEFT_OUT
    return RESTORED if VALUE in out and HELD not in out else EDITED


def _is_marked(fixture: Fixture, field: Field, coding: str) -> bool:
    """Whether the firewall says of the message what is known of the field."""
    alone = _without_others(fixture, field)
    if fixture.direction is Direction.REQUEST:
        reasons = _asked(fixture, alone, coding)[0].decision.reasons
    else:
        context = _asked(_question(fixture), {}, "")[1]
        answer = _answer(fixture, coding, _dump(alone))
        reasons = wall().inspect_response(context.exchange, answer, context).decision.reasons
    return field.known.replace(": ", ":") in reasons


def _without_others(fixture: Fixture, field: Field) -> Any:
    """The document in which no other field than this one is marked."""
    document = copy.deepcopy(fixture.document)
    for other in _fields(fixture.document, (), fixture.mode == "stream"):
        if other.known and other.path != field.path:
            *above, last = other.path
            node = document
            for step in above:
                node = node[step]
            node[last] = "word"
    return document


def _dump(document: Any) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode()


def _question(fixture: Fixture) -> Fixture:
    return fixture._replace(direction=Direction.REQUEST, document={})


def _asked(fixture: Fixture, document: Any, coding: str) -> tuple[Any, Context]:
    body = _dump(document)
    headers = [("content-type", "application/json")]
    if coding:
        headers.append(("content-encoding", coding))
    exchange = Exchange(
        id="0192",
        method="POST",
        host=fixture.host,
        port=443,
        target=fixture.target,
        headers=tuple(headers),
        body=encode(body, coding) if coding else body,
        principal=Principal(id="me"),
    )
    outcome = wall().inspect_request(exchange)
    return outcome, outcome.context


def _judge_request(fixture: Fixture, document: Any, coding: str) -> str:
    outcome, _ = _asked(fixture, document, coding)
    assert outcome.context.dialect.name == fixture.dialect
    if outcome.reply is not None:
        return STOPPED if PLANT.encode() not in outcome.reply.body else NOT_READ
    left = decode(outcome.body, coding, limit=1 << 24, ratio=200) if coding else outcome.body
    if PLANT.encode() not in left:
        json.loads(left)
        return EDITED
    clauses = {ruling.clause for ruling in outcome.decision.rulings}
    return SIGNED if clauses == {"sealed"} else NOT_READ


def _answer(fixture: Fixture, coding: str, body: bytes = b"") -> Answer:
    headers = [("content-type", fixture.media_type)]
    if coding:
        headers.append(("content-encoding", coding))
    return Answer(status=200, headers=tuple(headers), body=encode(body, coding) if coding else body)


def _answered(fixture: Fixture, document: Any, coding: str) -> tuple[str, bool]:
    """What the client was given, as JSON, and whether all that was found is signed."""
    _, context = _asked(_question(fixture), {}, "")
    if fixture.mode == "whole":
        answer = _answer(fixture, coding, _dump(document))
        outcome = wall().inspect_response(context.exchange, answer, context)
        body = outcome.reply.body if outcome.reply else outcome.body
        plain = decode(body, coding, limit=1 << 24, ratio=200) if coding else body
        clauses = {ruling.clause for ruling in outcome.decision.rulings}
        return json.dumps(json.loads(plain), ensure_ascii=False), clauses == {"sealed"}
    framing = FRAMINGS[fixture.framing]
    answer = _answer(fixture, coding, framing.write(document))
    stream = wall().open_stream(context.exchange, answer, context)
    assert stream is not None
    steps = [stream.feed(answer.body[at : at + 99]) for at in range(0, len(answer.body), 99)]
    steps.append(stream.finish())
    events = framing.read(b"".join(step.data for step in steps))
    clauses = {ruling.clause for step in steps for ruling in step.rulings}
    return json.dumps(events, ensure_ascii=False), "sealed" in clauses


# -- bodies that are no JSON, and what stands around a body ---------------------------------------

UPLOAD: Final = (
    b'--B\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n'
    b'--B\r\nContent-Disposition: form-data; name="file"; filename="%b.txt"\r\n'
    b"Content-Type: text/plain\r\n\r\n%b\r\n--B--\r\n"
)
_IN_BASE64: Final = b'{"messages":[{"content":[{"file_data":"%b"}]}]}'
_PICTURE: Final = saved("JPEG", note=PLANT)
_TEXT: Final = b"a text of " + PLANT.encode() + b"\0"
_FRAMED: Final = b"\n\x0f" + PLANT.encode()
OTHERS: Final = {
    "upload: a part of text": (UPLOAD % (b"a", PLANT.encode()), EDITED),
    "upload: the head of a part": (UPLOAD % (PLANT.encode(), b"a"), EDITED),
    "upload: what a picture shows": (
        UPLOAD % (b"a", bare("PNG")),
        "uninspectable: media",
    ),
    **{
        f"upload: {name}": (UPLOAD % (b"a", data), STOPPED)
        for name, data in (
            ("a PDF", document_samples.pdf(PLANT)),
            ("a DOCX", document_samples.word(PLANT)),
            ("an XLSX", document_samples.sheet((PLANT,))),
            ("a PPTX", document_samples.slides(PLANT)),
        )
    },
    "upload: a damaged, locked or old document": (
        UPLOAD % (b"a", b"%PDF-1.7 \0"),
        "uninspectable: document",
    ),
    "upload: an archive": (UPLOAD % (b"a", b"PK\x03\x04\0"), "uninspectable: archive"),
    "upload: the metadata of a picture": (UPLOAD % (b"a", _PICTURE), EDITED),
    "upload: the metadata of a TIFF, HEIC, AVIF or GIF": (
        UPLOAD % (b"a", b"\0\0\0\x18ftypheic"),
        "uninspectable: metadata",
    ),
    "base64 in JSON: a document": (
        _IN_BASE64 % base64.b64encode(document_samples.pdf(PLANT)),
        STOPPED,
    ),
    "base64 in JSON: the metadata of a picture": (_IN_BASE64 % base64.b64encode(_PICTURE), EDITED),
    "upload: text in UTF-16": (UPLOAD % (b"a", PLANT.encode("utf-16")), EDITED),
    "upload: text as it is in another file": (UPLOAD % (b"a", b"\0\1 %b" % _TEXT), STOPPED),
    "upload: any other binary part": (UPLOAD % (b"a", b"\0\1\2"), "uninspectable: media-type"),
    "lines of JSON": (b'{"a":"b"}\n{"prompt":"%b"}\n' % PLANT.encode(), EDITED),
    "a form: a value": (b"a=b&c=%b" % PLANT.encode(), EDITED),
    "a form: a name": (b"a=b&%b=c" % PLANT.encode(), EDITED),
    "plain text": (b"words, and %b." % PLANT.encode(), EDITED),
    "frames of gRPC or Connect": (b"\0\0\0\0\x11" + _FRAMED, STOPPED),
    "JSON in UTF-16": (f'{{"a":"{PLANT}"}}'.encode("utf-16"), STOPPED),
    "JSON that is cut off": (f'{{"a":"{PLANT}"'.encode(), STOPPED),
    "a PDF, DOCX, XLSX or PPTX": (document_samples.word(PLANT), STOPPED),
    "a picture, sound or film": (b"\0\0\0\x18ftypmp42 words", "uninspectable: media"),
    "text as it is in a film or another file": (b"\0\0\0\x18ftypmp42 %b" % _TEXT, STOPPED),
    "other binary": (b"words \0\1\2", "uninspectable: media-type"),
}
"""Name → body and what becomes of it in a request, on a path without a dialect of its own."""

ANSWERED: Final = {
    # What a provider's picture says of itself is nobody's secret.
    "upload: the metadata of a picture": "uninspectable: media",
    "upload: the metadata of a TIFF, HEIC, AVIF or GIF": "uninspectable: media",
    "base64 in JSON: the metadata of a picture": "uninspectable: media",
}
"""What becomes of those in an answer of which it is something else."""

HEADS: Final = {
    "any other header": ("x-note", "", "edited"),
    "a credential header": ("authorization", "", "uninspectable: the provider's own credential"),
    "a header of the protocol": ("accept-language", "", "uninspectable: protocol"),
    "a value in the query": ("", "/v1/files?note=@", "edited"),
    "a name in the query": ("", "/v1/files?@=1", "edited"),
    "a piece of the path": ("", "/v1/files/@", "edited"),
}
"""Name → header or target with `@` for the planted value, and what becomes of it."""


def judge_other(body: bytes, coding: str, direction: Direction) -> str:
    """What becomes of a body that is no JSON."""
    headers = (("content-encoding", coding),) if coding else ()
    coded = encode(body, coding) if coding else body
    outcome: RequestOutcome | ResponseOutcome
    if direction is Direction.REQUEST:
        outcome = wall().inspect_request(_sent("/v1/files", headers, coded))
    else:
        asked = wall().inspect_request(_sent("/v1/files/f/content", (), b"")).context
        answer = Answer(status=200, headers=headers, body=coded)
        outcome = wall().inspect_response(asked.exchange, answer, asked)
    if outcome.reply is not None:
        return STOPPED
    left = decode(outcome.body, coding, limit=1 << 24, ratio=200) if coding else outcome.body
    if outcome.changed and PLANT.encode() not in left:
        return EDITED
    reasons = outcome.decision.reasons
    return reasons[-1].replace(":", ": ") if reasons and PLANT.encode() not in left else NOT_READ


def judge_head(header: str, target: str) -> str:
    """What becomes of a value in a header or in the target."""
    headers = ((header, f"a {PLANT}"),) if header else ()
    outcome = wall().inspect_request(
        _sent(target.replace("@", PLANT) or "/v1/files", headers, b"{}")
    )
    left = f"{outcome.headers} {outcome.target}"
    return EDITED if outcome.changed and PLANT not in left else NOT_READ


def _sent(target: str, headers: tuple[tuple[str, str], ...], body: bytes) -> Exchange:
    return Exchange(
        id="0192",
        method="POST",
        host="api.openai.com",
        port=443,
        target=target,
        headers=headers,
        body=body,
        principal=Principal(id="me"),
    )
