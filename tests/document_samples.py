"""Documents made on the spot by the libraries that read them, with a text in every corner."""

from __future__ import annotations

import io
import zipfile

import docx
import openpyxl
import pptx
from openpyxl.comments import Comment
from pptx.util import Inches
from pypdf import PdfWriter
from pypdf.annotations import FreeText
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject


def pdf(*pages: str, info: str = "", note: str = "", attached: bytes = b"") -> bytes:
    """Pages of one line each."""
    writer = PdfWriter()
    for text in pages:
        page = writer.add_blank_page(300, 300)
        font = DictionaryObject(
            {NameObject("/Type"): NameObject("/Font"), NameObject("/Subtype"): NameObject("/Type1"),
             NameObject("/BaseFont"): NameObject("/Helvetica")}
        )  # fmt: skip
        fonts = DictionaryObject({NameObject("/F1"): writer._add_object(font)})
        page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): fonts})
        stream = DecodedStreamObject()
        stream.set_data(f"BT /F1 12 Tf 10 100 Td ({text}) Tj ET".encode())
        page[NameObject("/Contents")] = writer._add_object(stream)
    if note:
        writer.add_annotation(0, FreeText(text=note, rect=(10, 10, 90, 40)))
    if info:
        writer.add_metadata({"/Author": info})
    if attached:
        writer.add_attachment("inside.bin", attached)
    return _bytes(writer.write)


def word(*runs: str, cell: str = "", header: str = "", author: str = "") -> bytes:
    """One paragraph of these runs, and a table."""
    document = docx.Document()
    paragraph = document.add_paragraph()
    for run in runs:
        paragraph.add_run(run)
    document.add_table(1, 1).cell(0, 0).text = cell
    document.sections[0].header.paragraphs[0].text = header
    document.core_properties.author = author
    return _bytes(document.save)


def sheet(*rows: tuple[object, ...], note: str = "", title: str = "Sheet") -> bytes:
    """One sheet."""
    book = openpyxl.Workbook()
    page = book.active
    page.title = title
    for row in rows:
        page.append(row)
    if note:
        page["A1"].comment = Comment(note, "somebody")
    return _bytes(book.save)


def slides(text: str, note: str = "") -> bytes:
    """One slide with a box, and what its speaker notes."""
    show = pptx.Presentation()
    slide = show.slides.add_slide(show.slide_layouts[6])
    slide.shapes.add_textbox(Inches(1), Inches(1), Inches(4), Inches(1)).text_frame.text = text
    if note:
        slide.notes_slide.notes_text_frame.text = note
    return _bytes(show.save)


def with_entry(archive: bytes, name: str, content: bytes) -> bytes:
    """An archive with one more file, or another in the place of one."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(out, "w", 8) as new:
        for entry in old.infolist():
            if entry.filename != name:
                new.writestr(entry, old.read(entry))
        new.writestr(name, content)
    return out.getvalue()


def _bytes(save: object) -> bytes:
    out = io.BytesIO()
    save(out)  # type: ignore[operator]
    return out.getvalue()
