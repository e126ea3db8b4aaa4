"""Documents in a body are read, pictures lose their metadata, and what cannot be cut out stops."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from picture_samples import NOTE, pixels, saved
from planted import planted_policy
from walled import GRAVE, SECRET, answer, exchange, firewall, valid

from excise.codecs.framing.encoding import encode
from excise.errors import NoAnswer, Unreadable
from excise.model import Action, DocumentText, Mode, Place
from excise.pipeline.inside import READER, STRIPPED, may_hold_document
from excise.policy.schema import Images

PDF = b"%PDF-1.7\n\0" + bytes(range(128, 256)) * 3


def reads(*texts: str, unread: tuple[str, ...] = ()) -> Any:
    """A reader that knows one document."""

    def read(data: bytes) -> DocumentText:
        if data != PDF:
            raise Unreadable("document")
        return DocumentText(texts, unread)

    return read


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def upload(data: bytes) -> bytes:
    return (
        b'--B\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n\r\n%b\r\n--B--'
        % data
    )


CARRIERS = {
    "upload": ("api.openai.com", "/v1/files", upload),
    "file": ("generativelanguage.googleapis.com", "/upload/v1beta/files", bytes),
    "openai-chat": ("api.openai.com", "/v1/chat/completions", lambda data: {"messages": [
        {"role": "user", "content": [{"type": "file", "file": {
            "file_data": "data:application/octet-stream;base64," + b64(data)}}]}]}),
    "openai-responses": ("api.openai.com", "/v1/responses", lambda data: {"input": [
        {"role": "user", "content": [{"type": "input_file", "file_data": b64(data)}]}]}),
    "anthropic": ("api.anthropic.com", "/v1/messages", lambda data: {"messages": [
        {"role": "user", "content": [{"type": "document", "source": {
            "type": "base64", "data": b64(data)}}]}]}),
    "gemini": ("generativelanguage.googleapis.com", "/v1beta/models/m:generateContent",
        lambda data: {"contents": [{"parts": [{"inlineData": {"data": b64(data)}}]}]}),
    "bedrock": ("bedrock-runtime.us-east-1.amazonaws.com", "/model/m/converse",
        lambda data: {"messages": [{"role": "user", "content": [
            {"document": {"source": {"bytes": b64(data)}}}]}]}),
}  # fmt: skip


def sent(carrier: str, data: bytes, coding: str = "") -> Any:
    host, target, build = CARRIERS[carrier]
    body = build(data)
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"content-type": "application/octet-stream"} if isinstance(body, bytes) else {}
    if coding:
        raw, headers = encode(raw, coding), {**headers, "content-encoding": coding}
    return exchange(raw, host=host, target=target, headers=headers)


@pytest.mark.parametrize("carrier", CARRIERS)
def test_documents_are_searched(carrier: str) -> None:
    """A secret in one stops it, since nothing can be cut out of it; a clean one passes."""
    dirty = firewall(documents=reads("words", f"key {SECRET}"))
    outcome = dirty.inspect_request(sent(carrier, PDF))
    assert outcome.reply is not None
    record = valid(outcome.record)
    assert record["reasons"] == ["uneditable:document"]
    (ruling,) = outcome.decision.rulings
    assert (ruling.segment.place, ruling.segment.part) == (Place.INSIDE, "document")
    clean = firewall(documents=reads("words")).inspect_request(sent(carrier, PDF))
    assert (clean.reply, clean.changed, clean.decision.reasons) == (None, False, ())
    assert clean.decision.action is Action.ALLOW


@pytest.mark.parametrize("carrier", CARRIERS)
def test_documents_that_nobody_reads_are_named(carrier: str) -> None:
    def absent(data: bytes) -> DocumentText:
        raise NoAnswer("absent")

    for read, missing in ((None, ()), (absent, (READER,)), (reads(), ())):
        data = PDF if missing or read is None else PDF + b"other"
        outcome = firewall(documents=read).inspect_request(sent(carrier, data))
        assert outcome.decision.reasons == ("uninspectable:document",)
        assert outcome.decision.missing == missing
        assert valid(outcome.record)["action"] == "alert"


def test_what_a_document_holds_unread_is_named() -> None:
    wall = firewall(documents=reads("words", unread=("media",)))
    assert wall.inspect_request(sent("anthropic", PDF)).decision.reasons == ("uninspectable:media",)


def test_a_grave_finding_and_one_in_shadow() -> None:
    wall = firewall(documents=reads(GRAVE))
    outcome = wall.inspect_request(sent("upload", PDF))
    assert outcome.decision.action is Action.BLOCK and outcome.decision.reasons == ()
    shadow = firewall(documents=reads(SECRET), policy=planted_policy(mode=Mode.SHADOW))
    assert shadow.inspect_request(sent("upload", PDF)).reply is None


PICTURES = {form: saved(form) for form in ("JPEG", "PNG", "WEBP")}


@pytest.mark.parametrize("form", PICTURES)
@pytest.mark.parametrize("carrier", CARRIERS)
def test_pictures_lose_their_metadata(carrier: str, form: str) -> None:
    data = PICTURES[form]
    for coding in ("", "gzip") if carrier == "anthropic" else ("",):
        outcome = firewall().inspect_request(sent(carrier, data, coding))
        assert outcome.reply is None and outcome.changed
        assert STRIPPED in valid(outcome.record)["anomalies"]
        again = firewall().inspect_request(_over(sent(carrier, data, coding), outcome.body))
        assert not again.changed
        left = _blob(carrier, outcome.body, coding)
        assert NOTE.encode() not in left and pixels(left) == pixels(data)
        if carrier == "upload":
            assert outcome.body == upload(left)


def _over(before: Any, body: bytes) -> Any:
    from dataclasses import replace

    return replace(before, body=body)


def _blob(carrier: str, body: bytes, coding: str) -> bytes:
    from walled import HOSTS

    from excise.codecs import DIALECTS, read_body
    from excise.codecs.framing.encoding import decode
    from excise.model import Direction

    host, target, _ = CARRIERS[carrier]
    entry = HOSTS.find(host)
    assert entry is not None
    plain = decode(body, coding, limit=1 << 24, ratio=200) if coding else body
    reading = read_body(DIALECTS[entry.dialect(target)], Direction.REQUEST, plain)
    (blob,) = reading.blobs
    return blob.data


def test_kept_metadata_is_searched() -> None:
    from dataclasses import replace

    policy = planted_policy()
    keep = replace(policy, profile=replace(policy.profile, images=Images.KEEP))
    data = saved("PNG", note=SECRET)
    assert firewall().inspect_request(sent("anthropic", data)).reply is None
    outcome = firewall(policy=keep).inspect_request(sent("anthropic", data))
    assert outcome.reply is not None
    assert "uneditable:document" in outcome.decision.reasons
    clean = firewall(policy=keep).inspect_request(sent("anthropic", PICTURES["JPEG"]))
    assert (clean.reply, clean.changed) == (None, False)


def test_redaction_and_stripping_together() -> None:
    data = PICTURES["JPEG"]
    uri = "data:image/jpeg;base64," + b64(data)
    content = [
        {"type": "text", "text": f"key {SECRET}"},
        {"type": "image_url", "image_url": {"url": uri}},
    ]
    body = {"messages": [{"role": "user", "content": content}]}
    outcome = firewall().inspect_request(exchange(body))
    assert outcome.decision.action is Action.REDACT and outcome.reply is None
    left = json.loads(outcome.body)["messages"][0]["content"]
    assert SECRET not in left[0]["text"] and "[SECRET_" in left[0]["text"]
    picture = base64.b64decode(left[1]["image_url"]["url"].partition(",")[2])
    assert pixels(picture) == pixels(data) and NOTE.encode() not in picture


@pytest.mark.parametrize("data", [b"\x89PNG\r\n\x1a\n\0\0\xff\xff", b"\0\0\0\x18ftypheic" + PDF])
def test_pictures_that_cannot_be_stripped_are_named(data: bytes) -> None:
    outcome = firewall().inspect_request(sent("upload", data))
    assert not outcome.changed
    assert outcome.decision.reasons == ("uninspectable:media", "uninspectable:metadata")


def test_a_signed_body_keeps_its_picture() -> None:
    from dataclasses import replace

    asked = sent("bedrock", PICTURES["JPEG"])
    signed = replace(asked, headers=(*asked.headers, ("authorization", "AWS4-HMAC-SHA256 a")))
    assert not firewall().inspect_request(signed).changed


def test_archives_and_other_bytes_are_named() -> None:
    for data, reason in ((b"PK\x03\x04\0\0", "archive"), (b"\0\1\2", "media-type")):
        outcome = firewall(documents=reads("")).inspect_request(sent("upload", data))
        assert outcome.decision.reasons == (f"uninspectable:{reason}",)


FILES = {
    "tar": b"config/.env" + bytes(99) + b"KEY=%b\n" + bytes(512),
    "wide": b"a table" + bytes(49) + b"%b" + bytes(9),
    "archive": b"PK\x03\x04\x14\0 .env = %b" + bytes(49),
    "sound": b"ID3\x03\0\0 of %b" + bytes(49),
    "broken picture": b"\xff\xd8\xff\xe0\0 %b" + bytes(49),
}


@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize("name", FILES)
def test_what_reads_as_text_in_other_bytes_is_searched(name: str, carrier: str) -> None:
    planted = SECRET.encode("utf-16-le") if name == "wide" else SECRET.encode()
    outcome = firewall().inspect_request(sent(carrier, FILES[name] % planted))
    assert outcome.reply is not None
    assert "uneditable:document" in valid(outcome.record)["reasons"]
    clean = firewall().inspect_request(sent(carrier, FILES[name] % b"nothing at all"))
    assert clean.reply is None
    assert clean.decision.reasons[0].startswith("uninspectable:")


@pytest.mark.parametrize("body", [
    PDF,
    {"choices": [{"message": {"content": [{"file_data": b64(PDF)}]}}]},
    {"data": "data:application/pdf;base64," + b64(PDF)},
])  # fmt: skip
@pytest.mark.parametrize("coding", ["", "gzip"])
def test_documents_of_an_answer_are_searched(body: Any, coding: str) -> None:
    """A download, and base64 in JSON."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    raw, coded = (encode(raw, coding), {"content-encoding": coding}) if coding else (raw, {})
    given = answer(raw, **coded)
    dirty, clean = firewall(documents=reads(SECRET)), firewall(documents=reads("words"))
    asked = exchange(b"", target="/v1/files/f/content")
    for wall, stopped in ((dirty, True), (clean, False)):
        assert wall.waits(given, raw)
        outcome = wall.inspect_response(asked, given, wall.inspect_request(asked).context)
        assert (outcome.reply is not None) is stopped
        assert SECRET not in json.dumps(valid(outcome.record))
        assert outcome.decision.reasons == (("uneditable:document",) if stopped else ())


def test_pictures_of_an_answer_are_left_alone() -> None:
    wall, asked = firewall(), exchange(b"")
    given = answer({"data": [{"b64_json": b64(saved("PNG", note=SECRET))}]})
    outcome = wall.inspect_response(asked, given, wall.inspect_request(asked).context)
    assert (outcome.reply, outcome.changed) == (None, False)
    assert outcome.decision.reasons == ("uninspectable:media",)


def test_what_may_wait() -> None:
    """Only bodies in which a document may be."""
    wall = firewall(documents=reads(""))
    plain = exchange(b"{}")
    assert not wall.waits(plain, b"words")
    assert all(wall.waits(sent(name, PDF), sent(name, PDF).body) for name in CARRIERS)
    assert wall.waits(sent("anthropic", PDF, "zstd"), b"anything")
    assert not firewall().waits(plain, PDF)
    assert firewall(far=True).waits(plain, b"words")
    assert may_hold_document(b64(b"PK\x03\x04").encode())
