"""Texts of PDF and Office files: a child, for the readers are large and what they read is foreign.

`python -m excise.workers.documents`. It answers `{"data": base64}` with `{"texts": [...],
"unread": [...]}` or `{"error": word}`. `unread` are reasons of `Unreadable` for what is inside and
was not read. The child has no network, starts nothing, writes no file, and has a ceiling of
memory; how long it may take is the parent's to say.
"""

from __future__ import annotations

import base64
import binascii
import logging
import os
import re
import resource
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from io import BytesIO
from typing import Any, Final

from excise.workers.child import serve

MEMORY: Final = 1 << 30  # bytes of address space
UNPACKED: Final = 200_000_000  # bytes that an archive may come to
RATIO: Final = 200  # how far it may expand beyond `RATIO_FLOOR`
RATIO_FLOOR: Final = 1 << 22
ENTRIES: Final = 10_000
PAGES: Final = 3_000
CHARACTERS: Final = 10_000_000
DEPTH: Final = 2  # documents inside documents

ABSENT: Final = "absent"  # the library is not installed
MALFORMED: Final = "malformed"
LOCKED: Final = "locked"  # a password is needed
LARGE: Final = "large"

_NEVER: Final = ("socket.", "subprocess.", "os.exec", "os.fork", "os.posix_spawn", "os.system",
                 "ctypes.", "urllib.", "http.", "ftplib.", "smtplib.")  # fmt: skip
_WRITES: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_DTD: Final = (b"<!DOCTYPE", b"<\0!\0D\0O\0C\0", b"\0<\0!\0D\0O\0C")
_PACKED: Final = b"PK\x03\x04"
_SHEETS: Final = "xl/worksheets/"
_FORMULA: Final = re.compile(rb"<(?:\w+:)?f[ >/]")


class Unread(Exception):
    """A document that cannot be read; the word says why."""


class Found:
    """Texts as they come, with the ceilings that hold for all of a document."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.unread: set[str] = set()
        self._left = CHARACTERS

    def add(self, text: str) -> None:
        """One more text; beyond the ceiling the document is too large."""
        text = text.strip()
        self._left -= len(text)
        if self._left < 0:
            raise Unread(LARGE)
        if text:
            self.texts.append(text)


def read(question: Any) -> dict[str, Any]:
    """The answer to a question."""
    found = Found()
    try:
        read_into(found, base64.b64decode(question["data"], validate=True), DEPTH)
    except Unread as why:
        return {"error": str(why)}
    except ImportError:
        return {"error": ABSENT}
    except MemoryError:
        return {"error": LARGE}
    return {"texts": found.texts, "unread": sorted(found.unread)}


def read_into(found: Found, data: bytes, depth: int) -> None:
    """All texts of a document. Raises `Unread`."""
    if data.startswith(b"%PDF-"):
        _guarded(read_pdf, found, data, depth)
    elif data.startswith(_PACKED):
        _guarded(read_office, found, data, depth)
    else:
        raise Unread(MALFORMED)


def _guarded(reader: Callable[[Found, bytes, int], None], found: Found, data: bytes,
             depth: int) -> None:  # fmt: skip
    """A reader of foreign bytes: what its library raises about them is one thing to say."""
    try:
        reader(found, data, depth)
    except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, SyntaxError,
            EOFError, RecursionError, AssertionError, NotImplementedError, zlib.error,
            binascii.Error, zipfile.BadZipFile, zipfile.LargeZipFile, OSError):  # fmt: skip
        pass
    else:
        return
    raise Unread(MALFORMED)


# -- PDF -----------------------------------------------------------------------------------------


def read_pdf(found: Found, data: bytes, depth: int) -> None:
    """Pages, notes on them, form fields, outline, information and files that hang on it."""
    import pypdf
    from pypdf.errors import FileNotDecryptedError, PyPdfError, WrongPasswordError

    try:
        reader = pypdf.PdfReader(BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise Unread(LOCKED)
        if len(reader.pages) > PAGES:
            raise Unread(LARGE)
        for key, value in (reader.metadata or {}).items():
            name = str(key).lstrip("/")
            found.add(f"{name}: {_unversioned(str(value)) if name in _PROGRAMS else value}")
        for page in reader.pages:
            _read_page(found, page)
        for name, field in (reader.get_fields() or {}).items():
            found.add(f"{name}: {field.get('/V', '')}")
        for entry in _outline(reader.outline):
            found.add(entry)
        for name, contents in reader.attachments.items():
            found.add(name)
            for each in contents:
                _read_inside(found, each, depth)
    except (FileNotDecryptedError, WrongPasswordError):
        raise Unread(LOCKED) from None
    except PyPdfError:
        raise Unread(MALFORMED) from None


def _read_page(found: Found, page: Any) -> None:
    text = page.extract_text()
    found.add(text)
    resources = page.get("/Resources")
    drawn = resources.get_object().get("/XObject") if resources is not None else None
    for each in drawn.get_object().values() if drawn is not None else ():
        if each.get_object().get("/Subtype") == "/Image":
            found.unread.add("media")
    for note in page.get("/Annots") or ():
        entry = note.get_object()
        for key in ("/Contents", "/T", "/Subj", "/RC", "/V"):
            if isinstance(entry.get(key), str):
                found.add(entry[key])
        action = entry.get("/A")
        uri = action.get_object().get("/URI") if action is not None else None
        if isinstance(uri, str):
            found.add(uri)


# Versions of programs look like addresses: LibreOffice/7.3.7.2, and tell of nobody.
_PROGRAMS: Final = frozenset({"Producer", "Creator", "Application", "AppVersion"})
_VERSION: Final = re.compile(r"\b\d+(?:\.\d+)+\b")


def _unversioned(text: str) -> str:
    return _VERSION.sub("", text)


def _outline(items: Any) -> Iterator[str]:
    for item in items:
        if isinstance(item, list):
            yield from _outline(item)
        else:
            yield str(item.title)


# -- Office --------------------------------------------------------------------------------------


def read_office(found: Found, data: bytes, depth: int) -> None:
    """Every text of every part of a DOCX, XLSX or PPTX as its own library reads it, and of what
    else is in the archive, for another reader may look there."""
    archive = zipfile.ZipFile(BytesIO(data))
    check_archive(archive)
    names = set(archive.namelist())
    parts = {name: archive.read(name) for name in names}
    if "word/document.xml" in names:
        parts |= _parts_by_docx(data)
    elif "xl/workbook.xml" in names:
        formulas = any(_FORMULA.search(parts[name]) for name in names if name.startswith(_SHEETS))
        _read_cells(found, data, formulas=formulas)
    elif "ppt/presentation.xml" in names:
        parts |= _parts_by_pptx(data)
    else:
        raise Unread(MALFORMED)
    found.add(archive.comment.decode("utf-8", "replace"))
    for name, content in sorted(parts.items()):
        if name.endswith((".xml", ".rels", ".vml")):
            _read_xml(found, name, content)
        elif not name.endswith("/") and "/printerSettings" not in name:
            _read_inside(found, content, depth)


def check_archive(archive: zipfile.ZipFile) -> None:
    """Refuse what expands too far, and document type definitions, which no Office file may have
    (ECMA-376 part 2 §6.1.5)."""
    entries = archive.infolist()
    unpacked = sum(entry.file_size for entry in entries)
    packed = sum(entry.compress_size for entry in entries)
    if len({entry.filename for entry in entries}) < len(entries):
        raise Unread(MALFORMED)  # which of them is read is anybody's guess
    if len(entries) > ENTRIES or unpacked > UNPACKED:
        raise Unread(LARGE)
    if unpacked > max(RATIO_FLOOR, RATIO * packed):
        raise Unread(LARGE)
    for entry in entries:
        if entry.flag_bits & 1:
            raise Unread(LOCKED)
        if entry.filename.endswith((".xml", ".rels", ".vml")):
            # What an entry says of its size is not to be trusted.
            with archive.open(entry) as file:
                content = file.read(entry.file_size + 1)
            if len(content) > entry.file_size or any(mark in content for mark in _DTD):
                raise Unread(MALFORMED)


def _parts_by_docx(data: bytes) -> Mapping[str, bytes]:
    import docx

    package = docx.Document(BytesIO(data)).part.package
    return {str(part.partname).lstrip("/"): part.blob for part in package.iter_parts()}


def _parts_by_pptx(data: bytes) -> Mapping[str, bytes]:
    import pptx

    package = pptx.Presentation(BytesIO(data)).part.package
    return {str(part.partname).lstrip("/"): part.blob for part in package.iter_parts()}


def _read_cells(found: Found, data: bytes, *, formulas: bool) -> None:
    """Each row on a line: what stands in the cells as values, and where that differs as formulas.
    Numbers are spelled out, for a card number is one."""
    import openpyxl

    seen: set[str] = set()
    for values in (True, False) if formulas else (True,):
        book = openpyxl.load_workbook(BytesIO(data), read_only=True, data_only=values)
        for sheet in book.worksheets:
            rows = ("\t".join(_shown(cell) for cell in row)
                    for row in sheet.iter_rows(values_only=True))  # fmt: skip
            lines = "\n".join(row for row in rows if row.strip())
            if lines and lines not in seen:
                seen.add(lines)
                found.add(f"{sheet.title}\n{lines}")
        book.close()


def _shown(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)


# Where one text ends and the next begins; runs inside are one text whatever splits them.
_ENDS: Final = frozenset({"p", "si", "row", "is", "tc", "tr", "Relationship", "comment", "title"})
# Of a document's properties each is a text: glued together, two versions make an address.
_PROPERTIES: Final = tuple(
    "{http://" + space
    for space in (
        "schemas.openxmlformats.org/package/2006/metadata/",
        "schemas.openxmlformats.org/officeDocument/2006/extended-properties",
        "schemas.openxmlformats.org/officeDocument/2006/custom-properties",
        "schemas.openxmlformats.org/officeDocument/2006/docPropsVTypes",
        "purl.oclc.org/ooxml/officeDocument/",  # the same in the strict form of ISO/IEC 29500
        "purl.org/dc/",
    )
)
_BREAKS: Final = {"tab": "\t", "br": "\n", "cr": "\n"}
_SAID: Final = frozenset({"descr", "title", "Target", "author", "alt", "tooltip"})
_PLAIN: Final = ("theme", "styles", "fontTable", "settings", "[Content_Types]")


def _read_xml(found: Found, name: str, content: bytes) -> None:
    from lxml import etree

    if any(word in name for word in _PLAIN) or name == "xl/calcChain.xml":
        return
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False,
                             dtd_validation=False, huge_tree=True)  # fmt: skip
    try:
        root = etree.fromstring(content, parser)
    except etree.LxmlError:
        raise Unread(MALFORMED) from None
    if name.startswith(_SHEETS):
        for cells in root.findall("{*}sheetData"):
            root.remove(cells)  # they were read as rows
    found.add("\n".join(_lines(root)))


def _lines(root: Any) -> Iterator[str]:
    """The texts under an element, a paragraph on a line, and what attributes say to a reader."""
    from lxml import etree

    line: list[str] = []
    for event, element in etree.iterwalk(root, events=("start", "end", "comment")):
        if event == "comment":
            yield str(element.text)
            continue
        tag = element.tag.rpartition("}")[2]
        if event == "start":
            line.append(_BREAKS.get(tag, ""))
            text = element.text or ""
            line.append(_unversioned(text) if tag in _PROGRAMS else text)
            for key, value in element.attrib.items():
                said = key.rpartition("}")[2]
                # A target without a scheme is another part of the file.
                if said in _SAID and len(value) > 3 and (said != "Target" or ":" in value):
                    yield value
        else:
            if tag in _ENDS or element.tag.startswith(_PROPERTIES):
                if text := "".join(line).strip():
                    yield text
                line.clear()
            line.append(element.tail or "")
    if text := "".join(line).strip():
        yield text


def _read_inside(found: Found, content: bytes, depth: int) -> None:
    """A file inside a document: a document itself, a picture, a text, or something else."""
    if content.startswith((b"%PDF-", _PACKED)):
        if depth <= 0:
            found.unread.add("document")
            return
        try:
            read_into(found, content, depth - 1)
        except Unread:
            found.unread.add("document")
    elif content.startswith((b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"RIFF", b"\xd7\xcd",
                             b"\x01\0\0\0", b"II*\0", b"MM\0*")):  # fmt: skip
        found.unread.add("media")
    elif content:
        try:
            text = content.decode()
        except UnicodeDecodeError:
            found.unread.add("document")
            return
        if "\0" in text:
            found.unread.add("document")
        else:
            found.add(text)


# -- the child -----------------------------------------------------------------------------------


def confine() -> None:
    """No network, no other programs, no files written, so much memory and no more."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(OSError, AttributeError):
        # A namespace without a network, where the kernel gives one to anybody.
        os.unshare(os.CLONE_NEWUSER | os.CLONE_NEWNET)
    sys.addaudithook(_forbid)


def _forbid(event: str, arguments: tuple[Any, ...]) -> None:
    if event.startswith(_NEVER):
        raise PermissionError("not in this process")
    if event == "open" and isinstance(arguments[2], int) and arguments[2] & _WRITES:
        raise PermissionError("not in this process")


def main() -> None:
    """The child."""
    logging.disable()  # what libraries say of foreign bytes is for nobody's eyes
    _import_readers()
    confine()
    serve(read)


def _import_readers() -> None:
    """Those that are installed, before files and libraries are out of reach."""
    for name in ("pypdf", "docx", "openpyxl", "pptx", "lxml.etree"):
        with suppress(ImportError):
            __import__(name)


if __name__ == "__main__":
    main()
