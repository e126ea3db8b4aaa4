"""The texts that the classifiers of meaning learn from, with what each says and where it is from.

Read from `../shared/data`, and drawn with seeds from the sentences in this folder.
"""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from grammar import draw, read_grammar
from subjects import topic_of

HERE: Final = Path(__file__).parent
OWN: Final = "own"
KEPT: Final = "own, kept back"  # from the heads, for the last step
TOPICS: Final = [
    "politics",
    "finance",
    "investment",
    "banking",
    "health",
    "legal",
    "hr",
    "insurance",
    "sports",
    "science-technology",
    "travel",
    "home",
    "auto",
    "adult",
    "violence",
    "weapons",
    "drugs",
    "security",
]
# What people ask about as theirs: their bill, their claim, their next appointment.
PERSONAL: Final = (
    "finance", "investment", "banking", "health", "hr", "insurance", "travel", "home", "auto",
    "other",
)  # fmt: skip
CODES: Final = tuple(f"S{n}" for n in range(1, 15))


class Sample(NamedTuple):
    """A text, what it says (`direct`, `indirect`, `jailbreak`, `unsafe`, S-codes), its source.

    `tool` says that it came as a document or a tool result, `spans` where the attack stands
    (none: everywhere).
    """

    text: str
    says: frozenset[str]
    source: str
    tool: bool = False
    spans: tuple[tuple[int, int], ...] = ()


def rows(data: Path, name: str) -> Iterator[dict[str, Any]]:
    """The rows of a set, with `source` cut to the name of the repository."""
    with gzip.open(data / f"{name}.jsonl.gz", "rt", encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            row["source"] = row["source"].split("@")[0].split(" ")[0]
            yield row


def _says(*words: str) -> frozenset[str]:
    return frozenset(words)


def attacks(data: Path) -> list[Sample]:
    """Injections and jailbreaks, and the harmless rows of the same sets."""
    out = []
    for row in rows(data, "injection_direct"):
        says = _says("direct") if row["label"] == "injection" else _says()
        out.append(Sample(row["text"], says, row["source"]))
    for row in rows(data, "injection_indirect"):
        spans = tuple((s["start"], s["end"]) for s in row.get("spans") or ())
        says = _says("indirect") if row["label"] == "injection" else _says()
        out.append(Sample(row["text"], says, row["source"], True, spans))
    jailbreaks = rows(data, "jailbreak")
    return out + [Sample(row["text"], _says("jailbreak"), row["source"]) for row in jailbreaks]


def harmless(data: Path) -> list[Sample]:
    """Ordinary prompts, requests around security, long system prompts, requests for code."""
    names = ("benign_prompts", "overdefence")
    out = [
        Sample(row["text"], _says(), row["source"]) for name in names for row in rows(data, name)
    ]
    dice = random.Random(2)  # short ones are near copies of each other
    out = [each for each in out if len(each.text) > 120 or dice.random() < 0.22]
    known = {"teknium1/GPTeacher", "openai/human-eval", "abachaa/MedQuAD", "NExTplusplus/TAT-QA"}
    for row in rows(data, "code_neg"):
        if row["source"] in known and dice.random() < 0.6:
            out.append(Sample(row["text"], _says(), row["source"]))
    return out


def moderated(data: Path) -> list[Sample]:
    """Prompts, responses and tweets, unsafe or not. Offensive tweets are neither."""
    dice = random.Random(3)
    out = []
    for row in rows(data, "moderation_train"):
        tweet = row["source"].startswith("t-davidson")
        if row["label"] == "offensive" or (tweet and dice.random() > 0.15):
            continue
        if row["part"] == "response" and dice.random() > 0.35:
            continue
        says = _says("unsafe", *row["categories"]) if row["label"] == "unsafe" else _says()
        out.append(Sample(row["text"], says, row["source"]))
    return out


def drawn(seed: int = 7, size: int = 3000) -> list[Sample]:
    """Attacks and their harmless likenesses out of this folder's sentences."""
    dice = random.Random(seed)
    bad, good = read_grammar(HERE / "attacks.txt"), read_grammar(HERE / "benign.txt")
    plan = (
        (bad, "direct", "direct", 1.0), (bad, "extract", "direct", 0.5),
        (bad, "multilingual", "direct", 0.5), (bad, "switch", "direct", 1.0),
        (bad, "described", "direct", 1.0), (good, "injection", "", 1.0),
        (good, "triggers", "", 2.0), (good, "daily", "", 2.0),
        (good, "unsafe", "", 1.6), (good, "document", "", 0.5), (good, "tasks", "", 1.6),
        (good, "foreign", "", 1.2), (good, "chat", "", 0.4),
    )  # fmt: skip
    out = []
    for sections, name, says, share in plan:
        texts = {draw(sections, name, dice) for _ in range(int(size * share / 2))}
        out += [Sample(text, _says(*filter(None, [says])), OWN) for text in sorted(texts)]
    harm = read_grammar(HERE / "unsafe.txt")
    for code in CODES:
        wishes = [wish.strip() for line in harm[code] for wish in line.split(";")]
        for wish in wishes:
            for ask in dice.sample(harm["ask"], 8):
                out.append(Sample(ask.replace("$a", wish), _says("unsafe", code), OWN))
    # The same frames around harmless wishes: a way of asking is no sign of harm.
    for deed in [deed.strip() for line in good["deeds"] for deed in line.split(";")]:
        for ask in dice.sample(harm["ask"], 14):
            out.append(Sample(ask.replace("$a", deed), _says(), OWN))
    for _ in range(size // 2):
        kinds = dice.choice((("system",), ("system_gpt",), ("system", "system_gpt")))
        lines = [draw(good, dice.choice(kinds), dice) for _ in range(dice.randint(2, 24))]
        out.append(Sample(dice.choice((" ", "\n", "\n\n")).join(lines), _says(), OWN))
    for _ in range(size // 5):
        lines = [draw(bad, "jailbreak", dice) for _ in range(dice.randint(1, 6))]
        out.append(Sample(dice.choice((" ", "\n")).join(lines), _says("jailbreak"), OWN))
    for _ in range(size // 5):
        ask, attack = (
            draw(good, dice.choice(("injection", "triggers", "unsafe")), dice),
            draw(bad, dice.choice(("direct", "direct", "extract", "multilingual")), dice),
        )
        out.append(Sample(f"{ask} {attack}", _says("direct"), OWN))
    return out


def documents(data: Path, seed: int = 11) -> list[list[str]]:
    """Texts as lists of lines or sentences, into which an order may be put: prose, code, tables,
    e-mails."""
    dice = random.Random(seed)
    made: dict[str, list[str]] = {}
    for name in ("ner_train_en", "topics_train", "code_pos", "pii_spans"):
        for row in rows(data, name):
            kept = name != "topics_train" or row["label"] in ("finance", "health", "news_politics")
            if kept:
                made.setdefault(row["source"], []).append(row["text"])
    found = []
    for texts in made.values():
        dice.shuffle(texts)
        for at in range(0, min(len(texts), 600), 6):
            lines = [
                part for text in texts[at : at + 6] for part in text.split("\n") if part.strip()
            ]
            found.append(lines[: dice.randint(4, 40)])
    words = sorted({word for lines in found for line in lines for word in line.split()[:8]})
    good = read_grammar(HERE / "benign.txt")
    found += [_table(words, dice) for _ in range(700)]
    return found + [_mail(good, dice) for _ in range(600)]


def _table(words: Sequence[str], dice: random.Random) -> list[str]:
    """Lines of a table as tools write them, out of these words and numbers."""
    wide, bar = dice.randint(3, 8), dice.choice((" | ", ",", "\t", ";", " & "))
    kinds = [dice.choice(("words", "word", "whole", "part", "money")) for _ in range(wide)]

    def cell(kind: str) -> str:
        if kind == "words":
            return " ".join(dice.choice(words) for _ in range(dice.randint(1, 4)))
        if kind == "word":
            return dice.choice(words)
        number = dice.randint(0, 10 ** dice.randint(1, 6))
        return {"whole": f"{number}", "part": f"{number / 100:.1f} %"}.get(kind, f"${number:,}")

    lines = [[cell("word") for _ in kinds]]
    lines += [[cell(kind) for kind in kinds] for _ in range(dice.randint(3, 20))]
    out = [f"| {bar.join(line)} |" if bar == " | " else bar.join(line) for line in lines]
    if bar == " | ":
        out.insert(1, "|" + "---|" * wide)
    return out


def _mail(good: dict[str, list[str]], dice: random.Random) -> list[str]:
    """Lines of an e-mail with requests to a person."""
    body = [
        draw(good, dice.choice(("mail", "mail", "document")), dice)
        for _ in range(dice.randint(2, 9))
    ]
    if dice.random() < 0.5:
        return body
    return [f"Subject: {draw(good, 'document', dice)}", "From: team@mail.example.test", *body]


def carried(data: Path, seed: int = 13) -> list[Sample]:
    """Documents as tools return them, with and without an order put in, half and half."""
    dice = random.Random(seed)
    bad, good = read_grammar(HERE / "attacks.txt"), read_grammar(HERE / "benign.txt")
    orders = [
        row["text"] for row in rows(data, "benign_prompts")
        if row["source"] in ("tatsu-lab/stanford_alpaca", "teknium1/GPTeacher")
        and len(row["text"]) < 200
    ]  # fmt: skip
    out = []
    for lines in documents(data):
        lines = [*lines]
        for _ in range(dice.randint(0, 2)):
            kind = dice.choice(("document", "mail"))
            lines.insert(dice.randint(0, len(lines)), draw(good, kind, dice))
        joint = dice.choice(("\n", " ", "\n\n"))
        out.append(Sample(joint.join(lines), _says(), OWN, True))
        kind = dice.choices(("indirect", "question", "direct", "orders"), (6, 3, 1, 1))[0]
        order = dice.choice(orders) if kind == "orders" else draw(bad, kind, dice)
        at = dice.choice((0, dice.randint(0, len(lines)), len(lines)))
        before = joint.join(lines[:at]) + (joint if at else "")
        text = before + order + joint + joint.join(lines[at:])
        out.append(
            Sample(text, _says("indirect"), OWN, True, ((len(before), len(before) + len(order)),))
        )
    return out


def every(data: Path, seed: int = 19, kept: float = 0.12) -> list[Sample]:
    """All samples; a share of the drawn ones is kept back from the heads while they are judged."""
    dice = random.Random(seed)
    own = [
        each._replace(source=KEPT) if dice.random() < kept else each
        for each in drawn() + carried(data)
    ]
    return attacks(data) + harmless(data) + moderated(data) + own


def _pieces(text: str, dice: random.Random) -> Iterator[str]:
    """Stretches of code about as long as the windows that topics are read by."""
    for _ in range(1 + len(text) // 1000):
        at = dice.randint(0, max(0, len(text) - 300))
        yield text[at : at + dice.randint(150, 800)]


class Topical(NamedTuple):
    """A text of one topic, or of none (`other`)."""

    text: str
    topic: str
    source: str


def topical(data: Path, seed: int = 17, each: int = 900) -> list[Topical]:
    """Texts by topic: the sets', and sentences drawn around the words of each topic."""
    dice = random.Random(seed)
    out = [Topical(row["text"], topic_of(row), row["source"]) for row in rows(data, "topics_train")]
    out += [
        Topical(row["text"], "security", row["source"])
        for row in rows(data, "overdefence")
        if row["source"].startswith("meta-llama")
    ]
    for row in rows(data, "code_pos"):
        out += [Topical(piece, "other", row["source"]) for piece in _pieces(row["text"], dice)]
    sections = read_grammar(HERE / "topics.txt")
    for topic in (*TOPICS, "other"):
        words = [word.strip() for line in sections[topic] for word in line.split(";")]
        lines = sections["sentences"] + (sections["personal"] if topic in PERSONAL else [])
        for _ in range(each):
            line = dice.choice(lines)
            for slot, word in zip("abcd", dice.sample(words, 4), strict=True):
                line = line.replace(f"${slot}", word)
            out.append(Topical(line, topic, OWN))
    return out
