"""Texts of documents, asked of the child that reads them, and remembered.

A chat sends its documents again with every turn, so what was read once is kept, by a digest, up to
`KEPT` characters.
"""

from __future__ import annotations

import base64
import hashlib
import threading
from collections import OrderedDict
from typing import Any, Final, Protocol

from excise.errors import NoAnswer, Unreadable
from excise.model import DocumentText
from excise.workers.process import Process

WITHIN: Final = 10.0  # seconds a document may take
LARGEST: Final = 40_000_000  # bytes of one document
KEPT: Final = 4_000_000  # characters


class Asked(Protocol):
    """What reads documents; `Process` is one."""

    def ask(self, question: Any, *, within: float) -> Any: ...

    def close(self) -> None: ...


class DocumentReader:
    """Reads documents. Safe to ask from several threads."""

    def __init__(self, child: Asked | None = None, *, within: float = WITHIN) -> None:
        """`within` are the seconds one document may take."""
        self._child = child or Process("excise.workers.documents")
        self._within = within
        self._known: OrderedDict[bytes, DocumentText] = OrderedDict()
        self._kept = 0
        self._lock = threading.Lock()

    def read(self, data: bytes) -> DocumentText:
        """What a document says. Raises `Unreadable` (`document`) where it cannot be read, and
        `NoAnswer` where no reader is installed (`absent`) or it did not answer."""
        name = hashlib.blake2b(data, digest_size=32).digest()
        with self._lock:
            if name in self._known:
                self._known.move_to_end(name)
                return self._known[name]
        text = self._asked(data)
        with self._lock:
            self._keep(name, text)
        return text

    def close(self) -> None:
        """End the child; it starts again when it is asked."""
        self._child.close()

    def _asked(self, data: bytes) -> DocumentText:
        if len(data) > LARGEST:
            raise Unreadable("document")
        question = {"data": base64.b64encode(data).decode()}
        answer = self._child.ask(question, within=self._within)
        if answer.get("error") == "absent":
            raise NoAnswer("absent")
        if "error" in answer:
            raise Unreadable("document")
        return DocumentText(tuple(answer["texts"]), tuple(answer["unread"]))

    def _keep(self, name: bytes, text: DocumentText) -> None:
        size = _size(text)
        if size > KEPT or name in self._known:
            return
        self._known[name] = text
        self._kept += size
        while self._kept > KEPT:
            _, oldest = self._known.popitem(last=False)
            self._kept -= _size(oldest)


def _size(text: DocumentText) -> int:
    return sum(map(len, text.texts)) + 1
