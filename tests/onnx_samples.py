"""A sequence classifier of a few bytes, written as an ONNX file without the library: a text is
malicious that says `bribe`."""

from __future__ import annotations

import json
import struct
from pathlib import Path

from tokenizers import Tokenizer, models, pre_tokenizers

FLOAT, INT64, INTS = 1, 7, 7
TABLE = ((3.0, -3.0), (0.0, 6.0))  # by word: the logits of benign and malicious; the worst counts


def _number(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _field(number: int, value: bytes | str | int) -> bytes:
    """One field of a protocol buffer."""
    if isinstance(value, int):
        return _number(number << 3) + _number(value)
    data = value.encode() if isinstance(value, str) else value
    return _number(number << 3 | 2) + _number(len(data)) + data


def _value(name: str, kind: int, *dims: int | str) -> bytes:
    shape = b"".join(
        _field(1, _field(1, dim) if isinstance(dim, int) else _field(2, dim)) for dim in dims
    )
    return _field(1, name) + _field(2, _field(1, _field(1, kind) + _field(2, shape)))


def _node(op: str, inputs: tuple[str, ...], output: str, *attributes: bytes) -> bytes:
    wires = b"".join(_field(1, each) for each in inputs) + _field(2, output)
    return wires + _field(4, op) + b"".join(_field(5, each) for each in attributes)


def model() -> bytes:
    """Looks each token up in a table, and takes the highest logit of each class."""
    table = (
        _field(1, len(TABLE)) + _field(1, 2) + _field(2, FLOAT) + _field(8, "table")
        + _field(9, b"".join(struct.pack("<2f", *row) for row in TABLE))
    )  # fmt: skip
    over_words = _field(1, "axes") + _field(8, 1) + _field(20, INTS)
    no_rest = _field(1, "keepdims") + _field(3, 0) + _field(20, 2)
    graph = (
        _field(1, _node("Gather", ("table", "input_ids"), "looked"))
        + _field(1, _node("ReduceMax", ("looked",), "logits", over_words, no_rest))
        + _field(2, "tiny") + _field(5, table)
        + _field(11, _value("input_ids", INT64, 1, "words"))
        + _field(11, _value("attention_mask", INT64, 1, "words"))
        + _field(12, _value("logits", FLOAT, 1, 2))
    )  # fmt: skip
    return _field(1, 8) + _field(7, graph) + _field(8, _field(2, 13))


def write_classifier(folder: Path) -> Path:
    """The folder, as exporters lay it out."""
    folder.mkdir(parents=True, exist_ok=True)
    words = Tokenizer(models.WordLevel({"[UNK]": 0, "bribe": 1}, unk_token="[UNK]"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    words.save(str(folder / "tokenizer.json"))
    (folder / "model.onnx").write_bytes(model())
    names = {"id2label": {"0": "BENIGN", "1": "MALICIOUS"}}
    (folder / "config.json").write_text(json.dumps(names), "utf-8")
    return folder
