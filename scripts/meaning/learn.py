"""Samples → weights: the lexicon, the linear heads, the last step, topics and codes."""

from __future__ import annotations

import random
import string
from collections.abc import Collection, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from multiprocessing import get_context
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from samples import CODES, OWN, TOPICS, Sample, Topical
from scipy.sparse import csr_matrix, hstack
from sklearn.linear_model import LogisticRegression, SGDClassifier

from excise.detectors.meaning.features import (
    BITS,
    CLUSTERS,
    FEATURES,
    Floats,
    Lexicon,
    Reading,
    read,
)
from excise.detectors.meaning.model import (
    MASS,
    NARROW,
    SOFT,
    VIEWS,
    WIDE,
    WIDTH,
    MeaningModel,
    logistic,
    sentences,
    windows,
)
from excise.detectors.names.lanes import bytes_of
from excise.text.tokens import tokenize

# `attack` is direct and jailbreak in one; the two tell the families apart.
HEADS: Final = ("direct", "indirect", "jailbreak", "unsafe", "attack")
OUTCOMES: Final = ("attack", "indirect", "unsafe")
# What the last step adds up, by outcome: for what a person wrote, and for what was brought. Fixed,
# since weights fitted here learn the sources by heart: what they gain there they lose elsewhere.
ASKED: Final = (
    {"attack": (("attack", "level"), ("attack", "sentence")),
     "indirect": (("indirect", "apart"),),
     "unsafe": (("unsafe", "two"), ("unsafe", "level"))},
    {"attack": (("attack", "sentence"), ("attack", "narrow")),
     "indirect": (("indirect", "apart"),),
     "unsafe": (("unsafe", "two"), ("unsafe", "level"))},
)  # fmt: skip
MARKS: Final = (*string.punctuation, "\n")
STEPS: Final = 240  # clusters of words
SEED: Final = 5
# How much a vector counts beside the buckets.
DENSE: Final = 0.5
LONGEST: Final = 500  # tokens of a text that are learnt from as one
MANY: Final = 3  # windows of a long text that are learnt from
RARE: Final = 0.15  # how much a word itself counts for its topic, beside its vector
FEWEST: Final = 2  # units with a bucket that counts
PLAIN: Final = 0.2  # share of the sentences of documents that are learnt from


class Words(NamedTuple):
    """The lexicon as it is trained with and written."""

    lexicon: Lexicon
    hashes: NDArray[np.uint64]
    classes: NDArray[np.uint8]
    vectors: NDArray[np.int8]  # word × 128
    scale: Floats

    def full(self) -> Floats:
        """Row of the lexicon × 128; row 0 is noughts."""
        known = self.vectors * self.scale[:, None]
        return np.concatenate((np.zeros((1, WIDTH), np.float32), known)).astype(np.float32)


def make_words(words: Sequence[str], raw: Floats) -> Words:
    """Vectors of 128 out of those of 384, a class for each word, all by hash."""
    x = raw.astype(np.float32)
    x = x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-6)
    x -= x.mean(0)
    _, axes = np.linalg.eigh(x.T @ x)
    x = x @ axes[:, ::-1][:, :WIDTH]
    x /= x.std(0).mean() * np.sqrt(WIDTH)
    weight = np.log1p(np.arange(len(words)) + 5.0)
    x *= (weight / weight.mean()).astype(np.float32)[:, None]
    unit = x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-6)
    groups = _clusters(unit)
    # Marks have no direction, and tell code and tables from prose all the same.
    words = [*words, *MARKS]
    x = np.concatenate((x, np.zeros((len(MARKS), WIDTH), np.float32)))
    groups = np.concatenate((groups, np.zeros(len(MARKS), np.int64)))
    keys = np.array([tokenize(word).hashes[0] for word in words], np.uint64)
    order = np.unique(keys, return_index=True)[1]
    scale = np.maximum(np.abs(x[order]).max(1), 1e-6) / 127
    small = np.round(x[order] / scale[:, None]).astype(np.int8)
    classes = (groups[order] + CLUSTERS).astype(np.uint16)
    kept = np.minimum(classes, 255).astype(np.uint8)
    lexicon = Lexicon(keys[order], kept.astype(np.int64))
    return Words(lexicon, keys[order], kept, small, scale.astype(np.float32))


def _clusters(unit: Floats) -> NDArray[np.int64]:
    """The nearest of `STEPS` centres for each row, by a few rounds of spherical k-means."""
    dice = np.random.default_rng(SEED)
    centres = unit[dice.choice(len(unit), STEPS, replace=False)]
    for _ in range(8):
        groups = (unit @ centres.T).argmax(1)
        centres = np.stack([
            unit[groups == at].sum(0) if (groups == at).any() else centres[at]
            for at in range(STEPS)
        ])  # fmt: skip
        centres /= np.maximum(np.linalg.norm(centres, axis=1, keepdims=True), 1e-6)
    return groups


class Doc(NamedTuple):
    """A sample that was read."""

    sample: Sample
    reading: Reading


def read_all(samples: Sequence[Sample], words: Words) -> list[Doc]:
    """Those with a token."""
    docs = (Doc(each, read(each.text, words.lexicon)) for each in samples)
    return [doc for doc in docs if doc.reading.starts.size]


class _Rows(NamedTuple):
    docs: list[int]
    units: list[tuple[int, int]]
    says: list[frozenset[str]]


def _rows(docs: Sequence[Doc]) -> _Rows:
    """The units that heads learn from: texts, windows of long ones, sentences of documents."""
    out = _Rows([], [], [])
    dice = random.Random(SEED)

    def add(number: int, first: int, last: int, says: frozenset[str]) -> None:
        out.docs.append(number)
        out.units.append((first, last))
        out.says.append(says)

    for number, doc in enumerate(docs):
        size, sample = doc.reading.starts.size, doc.sample
        if sample.tool:
            cut = sentences(doc.reading)
            ends = doc.reading.ends[cut.lasts - 1]
            starts = doc.reading.starts[cut.firsts]
            for a, b, start, end in zip(*cut, starts, ends, strict=True):
                if b - a < 3:
                    continue
                inside = any(s < end and start < e for s, e in sample.spans)
                if not inside and dice.random() > PLAIN:
                    continue
                add(number, int(a), int(b), frozenset({"indirect"}) if inside else frozenset())
        else:
            # A long attack is one as a whole: most of its stretches alone are plain instructions.
            long = size > 1.5 * WIDE
            cut = windows(size, WIDE if long and not sample.says else size)
            for a, b in list(zip(*cut, strict=True))[:MANY]:
                add(number, int(a), min(int(b), LONGEST), sample.says)
            if not sample.says and size > WIDE:
                a = dice.randint(0, size - NARROW)
                add(number, a, a + NARROW, sample.says)
    return out


class _Weighed(NamedTuple):
    """Buckets by how rare they are, and the matrix: unit × (buckets, vector)."""

    weights: Floats
    matrix: csr_matrix


def _weigh(docs: Sequence[Doc], rows: _Rows, full: Floats) -> _Weighed:
    indices, lengths = [], []
    for number, (a, b) in zip(rows.docs, rows.units, strict=True):
        indices.append(docs[number].reading.buckets[:, a:b].ravel())
        lengths.append(FEATURES * (b - a))
    heads = np.concatenate(([0], np.cumsum(lengths)))
    flat = np.concatenate(indices).astype(np.int32)
    shape = (len(rows.docs), 1 << BITS)
    sparse = csr_matrix((np.ones(flat.size, np.float32), flat, heads), shape=shape)
    sparse.sum_duplicates()
    found = np.bincount(sparse.indices, minlength=1 << BITS)
    rare = np.log((len(rows.docs) + 1) / (found + 1)).astype(np.float32)
    weights = np.where(found >= FEWEST, np.maximum(rare, 0.5), 0).astype(np.float32)
    mass = sparse @ (weights * weights)
    unit = ((mass + MASS) ** -0.5).astype(np.float32)
    sparse.data *= weights[sparse.indices] * np.repeat(unit, np.diff(sparse.indptr))
    dense = np.zeros((len(rows.docs), WIDTH), np.float32)
    for line, (number, (a, b)) in enumerate(zip(rows.docs, rows.units, strict=True)):
        dense[line] = full[docs[number].reading.rows[a:b]].sum(0) * (unit[line] * DENSE)
    sparse.eliminate_zeros()
    return _Weighed(weights, hstack([sparse, csr_matrix(dense)], format="csr"))


class Stack(NamedTuple):
    """Units as a matrix with what they say and of which document they are."""

    matrix: csr_matrix
    weights: Floats
    rows: _Rows
    tool: NDArray[np.bool_]
    source: NDArray[np.str_]


def make_stack(docs: Sequence[Doc], words: Words) -> Stack:
    """Everything that heads learn from."""
    rows = _rows(docs)
    tool = np.array([docs[number].sample.tool for number in rows.docs])
    source = np.array([docs[number].sample.source for number in rows.docs])
    weights, matrix = _weigh(docs, rows, words.full())
    return Stack(matrix, weights, rows, tool, source)


class Linear(NamedTuple):
    """The heads before they are packed: bucket × head and mass, 128 × head, and a bias each."""

    table: NDArray[np.int8]
    scale: Floats
    dense: Floats
    bias: Floats


def fit_heads(stack: Stack, without: Collection[str] = (), strength: float = 4e-6) -> Linear:
    """The linear heads, trained on all sources but some."""
    kept = ~np.isin(stack.source, list(without))
    with ProcessPoolExecutor(len(HEADS), get_context("fork")) as pool:
        fitted = list(pool.map(_fit_head, HEADS, repeat(stack), repeat(kept), repeat(strength)))
    weights, bias = zip(*fitted, strict=True)
    both = np.column_stack(weights)
    size = 1 << BITS
    mass = stack.weights * stack.weights
    table = np.column_stack((both[:size] * stack.weights[:, None], mass))
    used = np.abs(table[stack.weights > 0])
    scale = np.append(np.quantile(used[:, :-1], 0.9998, axis=0), used[:, -1].max()) / 127
    small = np.clip(np.round(table / scale), -127, 127).astype(np.int8)
    dense = both[size:] * np.float32(DENSE)
    return Linear(small, scale.astype(np.float32), dense, np.array(bias, np.float32))


def _fit_head(
    head: str, stack: Stack, kept: NDArray[np.bool_], strength: float
) -> tuple[Floats, float]:
    says = stack.rows.says
    asked = {"direct", "jailbreak"} if head == "attack" else {head}
    truth = np.array([not asked.isdisjoint(each) for each in says])
    mine = kept.copy()
    if head == "indirect":  # learnt among sentences; orders elsewhere are what it looks for
        truth |= ~stack.tool & ~np.array(["jailbreak" in each for each in says])
        lengths = np.array([b - a for a, b in stack.rows.units])
        mine &= stack.tool | (truth & (lengths <= 40))
    else:
        mine &= ~stack.tool | ~np.array(["indirect" in each for each in says])
    if head == "jailbreak":  # one is no counter-example of the other
        mine &= ~np.array(["direct" in each for each in says])
    if head == "direct":
        mine &= ~np.array(["jailbreak" in each for each in says])
    if head in ("direct", "attack"):
        mine &= ~np.array(["unsafe" in each for each in says])
    model = SGDClassifier(
        loss="log_loss", alpha=strength, max_iter=12, tol=None, average=True, random_state=SEED
    )
    share = np.where(truth[mine], min(8.0, 0.5 / max(truth[mine].mean(), 0.01)), 1.0)
    model.fit(stack.matrix[mine], truth[mine], sample_weight=share)
    return model.coef_[0].astype(np.float32), float(model.intercept_[0])


def view_features(docs: Sequence[Doc], linear: Linear, words: Words) -> Floats:
    """Document × feature of the last step, by the very code that runs in the product."""
    model = as_model(words, linear)
    return np.stack([model.views(doc.reading).features() for doc in docs])


def as_model(words: Words, linear: Linear) -> MeaningModel:
    """The heads alone as a model that reads."""
    none = np.zeros((0, 0), np.float32)
    return MeaningModel(
        lexicon=words.lexicon, vectors=words.vectors, vector_scale=words.scale, heads=HEADS,
        table=bytes_of(linear.table), table_scale=linear.scale,
        head_rows=words.full() @ linear.dense, head_bias=linear.bias, outcomes=(), settle=none,
        settle_bias=none, topics=(),
        topic_rows=np.zeros((0, 0), np.uint64), topic_scale=none, topic_bias=none,
        codes=(), code_rows=none, code_bias=none, background=none,
    )  # fmt: skip


class Settled(NamedTuple):
    """The last step: way × outcome × feature, way × outcome."""

    weights: Floats
    bias: Floats

    def scores(self, features: Floats, tool: NDArray[np.bool_]) -> Floats:
        """Document × outcome."""
        both = [logistic(features @ w.T + b) for w, b in zip(self.weights, self.bias, strict=True)]
        return np.where(tool[:, None], both[1], both[0])


def truths(docs: Sequence[Doc]) -> NDArray[np.bool_]:
    """Document × outcome."""
    attacks = {"attack": {"direct", "jailbreak"}, "indirect": {"indirect"}, "unsafe": {"unsafe"}}
    return np.array([
        [not attacks[each].isdisjoint(doc.sample.says) for each in OUTCOMES] for doc in docs
    ])  # fmt: skip


def fit_last(
    features: Floats, docs: Sequence[Doc], weight: Floats, mine: NDArray[np.bool_]
) -> Settled:
    """A scale for each outcome over what is asked, out of texts that the heads had not seen."""
    truth = truths(docs)
    tool = np.array([doc.sample.tool for doc in docs])
    weights = np.zeros((2, len(OUTCOMES), features.shape[1]), np.float32)
    bias = np.zeros((2, len(OUTCOMES)), np.float32)
    for way, asked in enumerate(ASKED):
        # What people wrote and what documents hold is learnt by both, at unlike weights.
        share = weight * np.where(tool == bool(way), 1.0, 0.15)
        for at, outcome in enumerate(OUTCOMES):
            own = [
                HEADS.index(head) + VIEWS.index(view) * len(HEADS) for head, view in asked[outcome]
            ]
            # A text that carries another attack is no counter-example.
            fit = mine & (truth[:, at] | ~truth[:, :2].any(1) | (outcome == "unsafe"))
            model = LogisticRegression(C=10.0)
            model.fit(
                features[fit][:, own].sum(1, keepdims=True), truth[fit, at],
                sample_weight=share[fit],
            )  # fmt: skip
            weights[way, at, own] = max(model.coef_[0, 0], 1e-3)
            bias[way, at] = model.intercept_[0]
    return Settled(weights, bias)


def few(samples: Sequence[Topical], most: int = 1200) -> list[Topical]:
    """At most so many of each source and topic, the same ones every time."""
    groups: dict[tuple[str, str], list[Topical]] = {}
    for each in samples:
        groups.setdefault((each.source, each.topic), []).append(each)
    dice = random.Random(SEED)
    return [
        each
        for group in groups.values()
        for each in (dice.sample(group, most) if len(group) > most else group)
    ]


class Themes(NamedTuple):
    """Texts by topic: what each says as word × text, and how rare each word is."""

    samples: list[Topical]
    matrix: csr_matrix
    rare: Floats

    def fit(self, words: Words, without: Collection[str] = ()) -> tuple[Floats, Floats]:
        """Row of the lexicon × topic and a bias each; the last topic is none."""
        names = (*TOPICS, "other")
        kept = np.array([each.source not in without for each in self.samples])
        y = np.array([names.index(each.topic) for each in self.samples])[kept]
        counts = np.bincount(y, minlength=len(names))
        share = (counts.mean() / np.maximum(counts, 1)) ** 0.7
        share = share[y]
        share *= np.array([2.0 if each.source == OWN else 1.0 for each in self.samples])[kept]
        full = words.full()
        both = hstack([self.matrix @ csr_matrix(full), self.matrix.multiply(self.rare)], "csr")
        model = LogisticRegression(C=3.0, max_iter=60)
        model.fit(both[kept], y, sample_weight=share)
        weights = model.coef_.T.astype(np.float32)
        rows = full @ weights[:WIDTH] + self.rare[:, None] * weights[WIDTH:]
        return rows, model.intercept_.astype(np.float32)


def make_themes(samples: Sequence[Topical], words: Words) -> Themes:
    """Reads the samples."""
    indices, weights, heads = [], [], [0]
    for each in samples:
        rows = read(each.text[:1000], words.lexicon).rows
        known = rows[rows > 0]
        indices.append(known)
        weights.append(np.full(known.size, (rows.size + SOFT) ** -0.5, np.float32))
        heads.append(heads[-1] + known.size)
    shape = (len(samples), len(words.hashes) + 1)
    matrix = csr_matrix((np.concatenate(weights), np.concatenate(indices), heads), shape=shape)
    matrix.sum_duplicates()
    found = np.bincount(matrix.indices, minlength=shape[1])
    rare = np.log((len(samples) + 1) / (found + 1)) * RARE * (found > 1)
    return Themes(list(samples), matrix, rare.astype(np.float32))


def fit_codes(docs: Sequence[Doc], words: Words) -> tuple[Floats, Floats, list[str]]:
    """128 × code and a bias each, over the texts that carry a code."""
    coded = [(doc, code) for doc in docs for code in CODES if code in doc.sample.says]
    names = [code for code in CODES if any(code == each for _, each in coded)]
    full = words.full()
    x = np.stack([
        full[doc.reading.rows].sum(0) * (doc.reading.rows.size + SOFT) ** -0.5 for doc, _ in coded
    ])  # fmt: skip
    y = np.array([names.index(code) for _, code in coded])
    counts = np.bincount(y, minlength=len(names))
    model = LogisticRegression(C=3.0, max_iter=200)
    model.fit(x, y, sample_weight=((counts.mean() / counts) ** 0.7)[y])
    return model.coef_.T.astype(np.float32), model.intercept_.astype(np.float32), names


def ordinary(docs: Sequence[Doc], words: Words, size: int = 1500) -> NDArray[np.int8]:
    """Directions of harmless texts of every source, as int8."""
    full = words.full()
    calm = [doc for doc in docs if not doc.sample.says]
    chosen = random.Random(SEED).sample(calm, min(size, len(calm)))
    x = np.stack([full[doc.reading.rows].sum(0) for doc in chosen])
    x /= np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-6)
    return np.round(x * 127).astype(np.int8)


def everything(**parts: Any) -> dict[str, Any]:
    """The arrays of the model file."""

    def text(names: Sequence[str]) -> NDArray[np.uint8]:
        return np.frombuffer("\n".join(names).encode(), np.uint8)

    words, linear, settled = parts["words"], parts["linear"], parts["settled"]
    code_dense, code_bias, codes = parts["codes"]
    topic_rows, topic_bias = parts["topics"]
    topic_scale = np.abs(topic_rows).max(0) / 127
    return {
        "hashes": words.hashes, "classes": words.classes, "vectors": words.vectors,
        "vector_scale": words.scale, "heads": text(HEADS),
        "table": linear.table, "table_scale": linear.scale,
        "dense": linear.dense, "bias": linear.bias,
        "outcomes": text(OUTCOMES), "settle": settled.weights, "settle_bias": settled.bias,
        "topics": text((*TOPICS, "other")), "topic_bias": topic_bias,
        "topic_rows": np.round(topic_rows / topic_scale).astype(np.int8),
        "topic_scale": topic_scale.astype(np.float32),
        "codes": text(codes), "code_dense": code_dense, "code_bias": code_bias,
        "background": parts["background"],
    }  # fmt: skip
