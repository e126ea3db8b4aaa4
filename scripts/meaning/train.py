"""Trains the model of topics, injection and unsafe content, and says how good it is.

The figures are of texts whose source the heads never saw: in turn each fold of sources is left
out. The last step is fitted on those same scores, of all sources but the one it judges.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from pathlib import Path
from typing import Any, Final

import numpy as np
from learn import (
    OUTCOMES,
    Doc,
    Floats,
    Settled,
    Stack,
    Themes,
    Words,
    everything,
    few,
    fit_codes,
    fit_heads,
    fit_last,
    make_stack,
    make_themes,
    make_words,
    ordinary,
    read_all,
    truths,
    view_features,
)
from numpy.typing import NDArray
from samples import KEPT, OWN, TOPICS, every, topical
from sklearn.exceptions import ConvergenceWarning

# Sources that are left out together; each kind of text is left out in several turns.
FOLDS: Final = (
    (
        "compass-ctf-team/prompt_injection_research", "TrustAIRLab/JailbreakLLMs",
        "meta-llama/PurpleLlama", "clinc/oos-eval", "tatsu-lab/stanford_alpaca", KEPT,
    ),
    (
        "Arcanum-Sec/arc_pi_taxonomy", "yjw1029/Self-Reminder-Data",
        "busycalibrating/AdversariaLLM", "0xeb/TheBigPromptLibrary", "xliuhw/NLU-Evaluation-Data",
        "sherdencooper/GPTFuzz", "abachaa/MedQuAD",
    ),
    (
        "microsoft/BIPIA", "romanlutz/PyRIT", "NVIDIA/garak", "declare-lab/red-instruct",
        "PolyAI-LDN/task-specific-datasets", "f/awesome-chatgpt-prompts", "teknium1/GPTeacher",
        "Giskard-AI/prompt-injections", "t-davidson/hate-speech-and-offensive-language",
        "openai/human-eval", "NExTplusplus/TAT-QA",
    ),
)  # fmt: skip
OVERDEFENCE: Final = ("meta-llama/PurpleLlama", "0xeb/TheBigPromptLibrary")
RATES: Final = (0.005, 0.01, 0.02)


def unseen(docs: list[Doc], stack: Stack, words: Words) -> Floats:
    """Document × feature, by heads that did not learn from the document's source."""
    source = np.array([doc.sample.source for doc in docs])
    out: Floats | None = None
    for fold in FOLDS:
        mine = np.flatnonzero(np.isin(source, fold))
        linear = fit_heads(stack, fold)
        features = view_features([docs[at] for at in mine], linear, words)
        out = np.zeros((len(docs), features.shape[1]), np.float32) if out is None else out
        out[mine] = features
        print(f"left out {', '.join(fold)}: {len(mine)} texts, {time.process_time():.0f} s")
    assert out is not None
    return out


def weights_of(docs: list[Doc]) -> Floats:
    """How much each text counts in the last step: sources alike, up to the root of their size."""
    source = np.array([doc.sample.source for doc in docs])
    truth = truths(docs).any(1)
    out = np.ones(len(docs), np.float32)
    for name in np.unique(source):
        for says in (True, False):
            mine = (source == name) & (truth == says)
            if mine.any():
                out[mine] = mine.sum() ** -0.4
    out[source == OWN] = 0  # the heads have seen them
    return out / out.mean()


def scored(docs: list[Doc], features: Floats) -> NDArray[np.float32]:
    """Document × outcome, by a last step that did not learn from the document's fold."""
    source = np.array([doc.sample.source for doc in docs])
    tool = np.array([doc.sample.tool for doc in docs])
    weight = weights_of(docs)
    out = np.zeros((len(docs), len(OUTCOMES)), np.float32)
    for fold in FOLDS:
        mine = np.isin(source, fold)
        out[mine] = fit_last(features, docs, weight, ~mine).scores(features[mine], tool[mine])
    return out


def figures(docs: list[Doc], scores: NDArray[np.float32]) -> dict[str, Any]:
    """Shares found by source at three rates of false alarms on benign prompts, never seen."""
    source = np.array([doc.sample.source for doc in docs])
    tool = np.array([doc.sample.tool for doc in docs])
    truth = truths(docs)
    plain = ~truth.any(1) & ~np.isin(source, (OWN, KEPT))
    prompts = plain & ~tool & ~np.isin(source, [*OVERDEFENCE, "sherdencooper/GPTFuzz"])
    prompts &= ~np.char.startswith(source, "t-davidson")
    out: dict[str, Any] = {}
    attack = scores[:, :2].max(1)  # the likeliest family carries the score of an injection
    scores = np.column_stack((scores, attack))
    truth = np.column_stack((truth, truth[:, :2].any(1)))
    for outcome, at in (("injection", -1), ("unsafe", OUTCOMES.index("unsafe"))):
        for way, base in (("prompt", prompts), ("document", plain & tool)):
            if not base.any() or (outcome == "unsafe" and way == "document"):
                continue
            edges = {rate: float(np.quantile(scores[base, at], 1 - rate)) for rate in RATES}
            table: dict[str, Any] = {"benign": int(base.sum()), "at": edges}
            for name in np.unique(source):
                mine = (source == name) & truth[:, at] & (tool == (way == "document"))
                if mine.sum() > 3:
                    table[f"found {name} ({int(mine.sum())})"] = {
                        rate: round(float((scores[mine, at] > edge).mean()), 3)
                        for rate, edge in edges.items()
                    }
                calm = (source == name) & ~truth[:, at] & (tool == (way == "document"))
                if calm.sum() > 20:
                    table[f"alarms {name} ({int(calm.sum())})"] = {
                        rate: round(float((scores[calm, at] > edge).mean()), 4)
                        for rate, edge in edges.items()
                    }
            out[f"{outcome}, {way}"] = table
    return out


def topic_figures(themes: Themes, words: Words) -> dict[str, Any]:
    """The share of texts whose likeliest topic is theirs, each source left out in turn: among all
    topics, and among those that the source has."""
    names = np.array((*TOPICS, "other"))
    source = np.array([each.source for each in themes.samples])
    topic = np.array([each.topic for each in themes.samples])
    out: dict[str, Any] = {}
    for name in sorted(set(source) - {OWN}):
        rows, bias = themes.fit(words, (name,))
        mine = source == name
        scores = themes.matrix[mine] @ rows + bias
        right = names[scores.argmax(1)] == topic[mine]
        here = np.flatnonzero(np.isin(names, topic[mine]))
        among = names[here][scores[:, here].argmax(1)] == topic[mine]
        out[name] = {
            each: [
                round(float(right[topic[mine] == each].mean()), 3),
                round(float(among[topic[mine] == each].mean()), 3),
                int(hits),
            ]
            for each, hits in zip(*np.unique(topic[mine], return_counts=True), strict=True)
        }
        out[name]["all"] = [round(float(right.mean()), 3), round(float(among.mean()), 3)]
    return out


def main() -> None:
    """Train, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--words", type=Path, required=True, help="what words.py wrote")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--figures", type=Path, help="where the figures go, as JSON")
    args = parser.parse_args()
    # Topics stop early on purpose: later steps learn the sources by heart.
    warnings.simplefilter("ignore", ConvergenceWarning)
    with np.load(args.words) as file:
        words = make_words(str(file["words"]).split("\n"), file["vectors"])
    print(f"words {time.process_time():.0f} s")
    docs = read_all(every(args.data), words)
    print(f"{len(docs)} texts {time.process_time():.0f} s")
    stack = make_stack(docs, words)
    print(f"{stack.matrix.shape} {stack.matrix.nnz} {time.process_time():.0f} s")
    features = unseen(docs, stack, words)
    scores = scored(docs, features)
    measured = figures(docs, scores)
    print(json.dumps(measured, indent=1))
    themes = make_themes(few(topical(args.data)), words)
    measured["topics"] = topic_figures(themes, words)
    print(json.dumps(measured["topics"]))
    settled: Settled = fit_last(features, docs, weights_of(docs), np.ones(len(docs), bool))
    arrays = everything(
        words=words, linear=fit_heads(stack), settled=settled,
        topics=themes.fit(words), codes=fit_codes(docs, words),
        background=ordinary(docs, words),
    )  # fmt: skip
    np.savez_compressed(args.out, **arrays)
    print(f"{args.out.stat().st_size} bytes, {time.process_time():.0f} s")
    if args.figures:
        args.figures.write_text(json.dumps(measured, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
