"""A sequence classifier of the operator's own as a child: an ONNX model and its tokenizer.

`python -m excise.workers.onnx FOLDER`, with `model.onnx` (or `onnx/model.onnx`), `tokenizer.json`
and, for the names of its classes, `config.json`, as exporters write them. It answers `{"texts":
[...]}` with a list for each text of `[class, chance]`. Nothing is downloaded; what is not there
ends the child.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from excise.workers.child import serve

WINDOW: Final = 512  # tokens that are read at once
OVERLAP: Final = 64
WINDOWS: Final = 32  # of one text; what stands behind them is left out
THREADS: Final = 1  # of the model: the machine carries everybody's traffic

Classes = list[tuple[str, float]]
Model = Callable[[Sequence[str]], list[Classes]]


def load(folder: Path) -> Model:
    """The model of a folder."""
    import onnxruntime
    import tokenizers

    tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(WINDOW, stride=OVERLAP)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = THREADS
    options.log_severity_level = 4  # fatal: what it says of a text is for nobody's eyes
    session = onnxruntime.InferenceSession(
        str(_model_of(folder)), options, providers=["CPUExecutionProvider"]
    )
    wanted = [each.name for each in session.get_inputs()]
    names, is_many = classes_of(folder / "config.json")

    def judge(text: str) -> Classes:
        whole = tokenizer.encode(text)
        windows = [whole, *whole.overflowing][:WINDOWS]
        best: NDArray[np.float64] | None = None
        for window in windows:
            given = _inputs(window, wanted)
            (logits,) = session.run([session.get_outputs()[0].name], given)
            chances = chances_of(np.asarray(logits, np.float64)[0], is_many=is_many)
            best = chances if best is None else np.maximum(best, chances)
        found = [] if best is None else best.tolist()
        return [(names.get(at, f"LABEL_{at}"), chance) for at, chance in enumerate(found)]

    return lambda texts: [judge(text) for text in texts]


def _model_of(folder: Path) -> Path:
    known = [folder / "model.onnx", folder / "onnx" / "model.onnx"]
    return next((path for path in known if path.is_file()), known[0])


def _inputs(window: Any, wanted: Sequence[str]) -> dict[str, NDArray[np.int64]]:
    """What a model of this family takes, as far as it asks for it; one row."""
    known = {
        "input_ids": window.ids,
        "attention_mask": window.attention_mask,
        "token_type_ids": window.type_ids,
    }
    return {name: np.asarray([known[name]], np.int64) for name in wanted}


def classes_of(path: Path) -> tuple[Mapping[int, str], bool]:
    """The names of a model's classes, and whether several may hold at once."""
    if not path.is_file():
        return {}, False
    said = json.loads(path.read_text("utf-8"))
    names = {int(at): str(name) for at, name in said.get("id2label", {}).items()}
    return names, said.get("problem_type") == "multi_label_classification"


def chances_of(logits: NDArray[np.float64], *, is_many: bool) -> NDArray[np.float64]:
    """Logits of one text as chances: together one, or each for itself where several may hold."""
    if is_many or logits.size == 1:
        return np.asarray(1.0 / (1.0 + np.exp(-np.clip(logits, -60.0, 60.0))))
    raised = np.exp(logits - logits.max())
    return np.asarray(raised / raised.sum())


def main() -> None:
    """The child."""
    classify = load(Path(sys.argv[1]))
    serve(lambda question: classify(question["texts"]))


if __name__ == "__main__":
    main()
