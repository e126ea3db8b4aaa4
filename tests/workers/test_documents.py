"""Every text of a document is read, also where nobody would look; what is hostile is refused."""

from __future__ import annotations

import base64
import subprocess
import sys
from typing import Any

import document_samples as made
import pytest
from pypdf import PdfReader, PdfWriter

from excise.errors import NoAnswer
from excise.workers import documents
from excise.workers.documents import LARGE, LOCKED, MALFORMED
from excise.workers.process import Process

A, B, C, D = (f"PLANTED-{n}" for n in "abcd")
NUMBER = 4111111111111111


def asked(data: bytes) -> dict[str, Any]:
    return documents.read({"data": base64.b64encode(data).decode()})


PDF = made.pdf(f"page {A}", f"second {B}", info=C, note=D)
WORD = made.word("PLANTED", "-a and more", cell=B, header=C, author=D)


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        (PDF, [A, B, C, D]),
        (made.pdf("words", attached=made.word(A)), [A]),
        (WORD, [A, B, C, D]),
        (made.with_entry(WORD, "word/orphan.xml", f"<a>{A}x</a>".encode()), [A + "x"]),
        (made.with_entry(WORD, "customXml/note.xml", f"<a><!--{A}y--></a>".encode()), [A + "y"]),
        (made.with_entry(WORD, "word/embeddings/a.xlsx", made.sheet((A + "z",))), [A + "z"]),
        (made.sheet((A, 5), ("=1+1", B), (NUMBER, None), note=C, title=D),
         [A, B, C, D, str(NUMBER)]),
        (made.sheet((float(NUMBER),)), [str(NUMBER)]),
        (made.slides(A, note=B), [A, B]),
    ],
)  # fmt: skip
def test_every_text(data: bytes, wanted: list[str]) -> None:
    answer = asked(data)
    text = "\n".join(answer["texts"])
    assert [each for each in wanted if each not in text] == []
    assert set(answer["unread"]) <= {"media"}  # the pictures of the libraries' own templates


APPS = "docProps/app.xml"
PROPERTIES = "http://schemas.openxmlformats.org/officeDocument/2006/extended-properties"


def test_versions_are_no_addresses() -> None:
    said = f"<Properties xmlns='{PROPERTIES}'><Application>LibreOffice/7.3.7.2$Linux</Application>"
    said += f"<Company>{A} 10.2.3.4</Company><Pages>1.2</Pages><AppVersion>15.0000</AppVersion>"
    made_by = made.with_entry(made.sheet((1,)), APPS, f"{said}</Properties>".encode())
    lines = "\n".join(asked(made_by)["texts"]).splitlines()
    assert {f"{A} 10.2.3.4", "1.2", "LibreOffice/$Linux"} <= set(lines)
    assert all(".2." not in line for line in lines if A not in line)
    assert "3.1.5" not in "\n".join(asked(made.sheet((1,)))["texts"])


def locked(data: bytes) -> bytes:
    import io

    writer = PdfWriter(PdfReader(io.BytesIO(data)))
    writer.encrypt("word", algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


DTD = b'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;</a>'


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"%PDF-1.7 words", MALFORMED),
        (b"PK\x03\x04 words", MALFORMED),
        (PDF[:200], MALFORMED),
        (WORD[:900], MALFORMED),
        (b"words", MALFORMED),
        (locked(PDF), LOCKED),
        (made.with_entry(WORD, "word/note.xml", DTD), MALFORMED),
        (made.with_entry(WORD, "word/note.xml", DTD.decode().encode("utf-16")), MALFORMED),
        (made.with_entry(WORD, "word/note.xml", b"<a>" + b" " * 30_000_000 + b"</a>"), LARGE),
    ],
)
def test_what_is_not_read(data: bytes, error: str) -> None:
    assert asked(data) == {"error": error}


def test_what_is_inside_and_unread_is_said() -> None:
    picture = made.with_entry(WORD, "word/media/a.png", b"\x89PNG\r\n\x1a\n")
    assert asked(picture)["unread"] == ["media"]
    assert asked(made.sheet((A,)))["unread"] == []
    program = made.with_entry(WORD, "word/embeddings/a.bin", b"\xd0\xcf\x11\xe0")
    assert "document" in asked(program)["unread"]
    deep = made.word(A)
    for _ in range(4):
        deep = made.with_entry(WORD, "word/embeddings/b.docx", deep)
    assert "document" in asked(deep)["unread"]


def test_ceilings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "CHARACTERS", 20)
    assert asked(WORD) == {"error": LARGE}
    monkeypatch.setattr(documents, "PAGES", 1)
    assert asked(PDF) == {"error": LARGE}


def test_a_missing_library_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "docx", None)
    assert asked(WORD) == {"error": documents.ABSENT}


def test_the_child() -> None:
    """Asked over the pipe, twice; and ended when it is late."""
    child = Process("excise.workers.documents")
    question = {"data": base64.b64encode(WORD).decode()}
    try:
        for _ in range(2):
            assert A in "".join(child.ask(question, within=60)["texts"])
        with pytest.raises(NoAnswer):
            child.ask(question, within=0.0)
    finally:
        child.close()


TRY = """
import os, socket, subprocess, sys
from excise.workers.documents import confine
confine()
for name, call in (
    ("socket", lambda: socket.create_connection(("127.0.0.1", 9))),
    ("program", lambda: subprocess.run(["true"])),
    ("file", lambda: open(sys.argv[1], "w")),
    ("memory", lambda: bytearray(2 << 30)),
):
    try:
        call()
    except (PermissionError, MemoryError) as why:
        print(name, type(why).__name__)
"""


def test_the_child_is_confined(tmp_path: Any) -> None:
    done = subprocess.run(
        [sys.executable, "-c", TRY, str(tmp_path / "a")], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [
        *("socket", "PermissionError", "program", "PermissionError"),
        *("file", "PermissionError", "memory", "MemoryError"),
    ]
    assert not list(tmp_path.iterdir())
