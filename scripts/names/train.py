"""Trains the names model and writes it as numpy tables. Run by `scripts/train-names`."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from random import Random

from calibrate import calibrate
from carriers import carriers
from corpora import for_training, read_rows, read_samples
from crf import Trainer
from encode import Types, encode
from export import export_model
from gate import train_gate
from generate import Generator, Sample
from lexicon import build_lexicon

SEED = 20240611
CARRIERS = 5000
RIDGE = 0.5
LEAST = 0.08
REFIT = 2
CALIBRATION = 25  # every so many-th sample is kept back to calibrate scores
PROSE = (
    "topics_train",
    "benign_prompts",
    "overdefence",
    "code_neg",
    "ner_train_en",
    "ner_train_multi",
)


def collect(data: Path, leave_out: list[str], generated: int) -> list[Sample]:
    """Everything to learn from, less the sources named."""
    rng = Random(SEED)
    samples = read_samples(data / "ner_train_en.jsonl.gz")
    multi = read_samples(data / "ner_train_multi.jsonl.gz")
    # Court decisions and long columns without one name teach little and cost most of the time.
    samples += [s for s in multi if rng.random() < (0.45 if s.spans else 0.12)]
    samples = [kept for s in samples if (kept := for_training(s)) is not None]
    generator = Generator(data, SEED)
    samples += generator.samples(generated)
    samples += carriers(data, generator, rng, CARRIERS)
    silent = [
        (r["text"], "requests")
        for r in read_rows(data / "code_neg.jsonl.gz")
        if "request" in r["kind"]
    ]
    silent += [
        (r["text"][:600], "code") for r in read_rows(data / "code_pos.jsonl.gz") if in_training(r)
    ]
    samples += [
        Sample(text, [], source) for text, source in rng.sample(silent, min(4500, len(silent)))
    ]
    samples = [s for s in samples if not any(part in s.source for part in leave_out)]
    samples += [
        respell(s, rng)
        for s in samples
        if s.spans and "generated" not in s.source and rng.random() < 0.15
    ]
    rng.shuffle(samples)
    return samples


def in_training(row: dict[str, str]) -> bool:
    """Code is parted by language: half of the languages are never seen in training."""
    return sum(map(ord, row["language"])) % 2 == 0


def respell(sample: Sample, rng: Random) -> Sample:
    """The sample in small letters, or in capitals."""
    text = sample.text.lower() if rng.random() < 0.7 else sample.text.upper()
    return sample._replace(text=text) if len(text) == len(sample.text) else sample


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--leave-out", default="", help="sources kept out, parted by commas")
    parser.add_argument("--generated", type=int, default=40_000)
    parser.add_argument("--epochs", type=int, default=7)
    options = parser.parse_args()
    begun = time.perf_counter()
    leave_out = [part for part in options.leave_out.split(",") if part]
    texts = [row["text"] for name in PROSE for row in read_rows(options.data / f"{name}.jsonl.gz")]
    lexicon = build_lexicon(options.data, texts)
    samples = collect(options.data, leave_out, options.generated)
    size = sum(len(s.text) for s in samples) >> 10
    say(begun, f"{len(samples)} samples, {size} KB, {len(lexicon)} words")
    kept_back = samples[::CALIBRATION]
    del samples[::CALIBRATION]
    types = Types(lexicon)
    corpus = encode(samples, types)
    trainer = Trainer(corpus, types, ridge=RIDGE)
    say(begun, f"{corpus.lengths.sum()} tokens of {len(types.classes)} types")
    weights = trainer.fit(options.epochs, LEAST, REFIT)
    say(begun, "weights fitted")
    gate = train_gate(options.data, samples, in_training, lexicon)
    say(begun, "gate fitted")
    export_model(weights, list(types.features), lexicon, gate, options.out)
    calibrate(options.out, kept_back)
    say(begun, f"{options.out.stat().st_size / 1e6:.2f} MB written")


def say(begun: float, what: str) -> None:
    print(f"{time.perf_counter() - begun:6.0f} s  {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
