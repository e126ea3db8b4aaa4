"""The page of detection figures and the README's table of them, out of the stored run.

Figures of models on sources that they were not trained on stand in the model card, which is read
for the README's lines on names and code.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from evaluate_figures import Share
from evaluate_rows import ROOT
from evaluate_tables import Grid, detection, names, ordinary

STORED: Final = ROOT / "docs" / "reference" / "evaluation.json"
CARD: Final = ROOT / "addons" / "excise" / "detectors" / "models" / "README.md"
BEGIN: Final = "<!-- Written by scripts/gen-docs from docs/reference/evaluation.json. -->"
END: Final = "<!-- End of what scripts/gen-docs writes. -->"
_KINDS: Final = ("pii_spans", "pii_id_patterns", "code_pos", "spoken_numbers")
_NOTE: Final = """\
Shares of rows unless said otherwise, with Wilson's 95 % intervals; *alarms* are rows that hold \
nothing of the kind and in which something is found all the same.
Rules were written, and models trained, on data of this kind, so what stands in a line `held out` \
or `never in training` says more than the rest:

- Secrets: rules were written with an eye on the samples of CredSweeper, detect-secrets, Nosey \
Parker and half of gitleaks' kinds. The other half of gitleaks' kinds was held out; its first look \
found 131 of 143, with 10 alarms in 234 look-alikes.
- The `secrets_carriers` are written for this project in four rounds, each run before a rule was \
changed for it: after the first, 589 of 664 values were covered, then 350 of 436, then 241 of 314 \
(77 to 89 %). What stands below is after the rules were mended. Of a fifth round, `secrets_fifth`, \
657 of 870 values were covered at its first run, with 615 alarms in 2977 look-alikes; its `bad \
passwords` (`Passw0rd`, `admin123`) are found on purpose where a password is named. Of a sixth, \
`secrets_files` (pieces of files, commands and talks in eight languages), 1949 of 2355 values were \
covered, with 12 alarms in 249 look-alikes.
- Payment data: no rule was made or altered for a template of `pci_held_out`; the first look at \
them found 98.0 % of the rows and covered 98.9 % of the values. What has moved since moved by \
mending what was seen elsewhere.
- Personal data: rules were written with all of `pii_spans` in sight, with the ids of kinds from A \
to I, and with the addresses of ten countries. The rest of ids and addresses was held out. \
Of 7611 values under the names that fields \
have in eight languages (`tests/packs/personal_texts.py`) 66.8 % were touched at the first look, \
and 90.1 % after the rules were mended.
- Names: of all sources only `kiji` was kept out of training, though its mistakes were looked at. \
Figures of models that left other sources out stand in the model card and are lower.
- Code: every source is in the training of the model that ships; the model card has figures of \
models that never saw the source, which are lower.
- Ids in `pii_id_patterns` stand alone, without a word of what they are. A number without check \
digits is not taken for an id there, on purpose.
"""
_NO_PATTERN: Final = frozenset({"PERSON", "ORG", "LOCATION", "PASSWORD", "SECRET"})
_PEERS: Final = (
    ("gitleaks' rules", "secrets", "59 %", "0.8 %"),
    ("CredSweeper", "secrets", "54 %", "1.4 %"),
    ("detect-secrets", "secrets", "44 %", "51 %"),
    ("Presidio's stock patterns", "personal data", "F1 0.85–0.88", ""),
    ("Presidio's stock patterns", "cards and IBANs", "F1 0.91", ""),
    ("a TF-IDF classifier", "code", "94 %", "1.1 %"),
)


def page() -> str:
    """`docs/reference/detection.md`."""
    kept = _stored()
    return "\n".join(["# Detection", "", BEGIN, "", *_page(kept)]) + "\n"


def readme(text: str) -> str:
    """The README with its table of detection written anew. Raises `ValueError` without marks."""
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise ValueError("the README has no place for the table of detection")
    table = "\n".join(_summary(_stored()["shared"]))
    return f"{head}{BEGIN}\n{table}\n{END}{tail}"


def _stored() -> dict[str, Any]:
    kept: dict[str, Any] = json.loads(STORED.read_text("utf-8"))
    return kept


def _page(kept: Mapping[str, Any]) -> Iterator[str]:
    run = kept["shared"]
    yield f"Measured on {run['date']} by `{run['command']}`: every pack that ships, up to level 2,"
    yield "through the function behind `excise scan`, on the public data sets of the project's"
    yield "development and on generated texts."
    yield from ("", _NOTE)
    for grid in (detection(run["sets"]), names(run["sets"]), ordinary(run["sets"])):
        yield from _section(grid)
    yield "Ordinary traffic holds names, places and addresses of its own: what is found there of"
    yield "names and personal data is no alarm by itself. Of `clean_lines` the logs of git and the"
    yield "public keys hold e-mail addresses, the logs of a web server private IP addresses."
    yield ""
    for name in _KINDS:
        for grid in _by_kind(name, run["sets"][name]):
            yield from _section(grid)
    yield from _compared(kept)


def _section(grid: Grid) -> Iterator[str]:
    yield from (f"## {grid.title}", "", *_markdown(grid.columns, grid.rows), "")


def _markdown(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(columns)} |"
    yield "|" + "---|" * len(columns)
    for row in rows:
        yield "| " + " | ".join(cell.replace("|", r"\|") for cell in row) + " |"


def _by_kind(name: str, each: Mapping[str, Any]) -> Iterator[Grid]:
    """What is marked, by kind; and what is found, by what it is called."""
    for title, wanted in (
        (f"{name} by kind", lambda figure: figure != "precision"),
        (f"{name}: findings that lie on a mark", lambda figure: figure == "precision"),
    ):
        figures = sorted(
            {figure for own in each["by_kind"].values() for figure in own if wanted(figure)}
        )
        rows = [
            (kind, *(_counted(own, figure) for figure in figures))
            for kind, own in each["by_kind"].items()
            if any(figure in own for figure in figures)
        ]
        if rows:
            yield Grid(title, ("kind", *figures), rows, 1)


def _counted(own: Mapping[str, Sequence[int]], figure: str) -> str:
    hits, of = own.get(figure, (0, 0))
    return f"{hits} of {of}" if of else ""


def _compared(kept: Mapping[str, Any]) -> Iterator[str]:
    sets = kept["shared"]["sets"]
    yield "## Beside others"
    yield ""
    yield "What others find was measured on other public data of the same kind, not in one run with"
    yield "ours and not on these sets: it says where the field stands, no more."
    yield ""
    personal = sets["pii_spans"]["figures"]
    ours = (
        ("Excise, this page", "secrets", _share(sets, "secrets_pos", "recall"),
         _share(sets, "secrets_neg", "alarms")),
        ("Excise, this page", "personal data (`pii_spans`)",
         f"F1 {_f1(personal['recall'], personal['precision']):.2f}", ""),
        ("Excise, this page", "code", _share(sets, "code_pos", "recall"),
         _share(sets, "code_neg", "alarms")),
        ("Excise, source left out", "code", _card("all code")["found"],
         _card("all prose, tables and talk: false alarms")["found"]),
    )  # fmt: skip
    yield from _markdown(("what", "of", "recall or F1", "false alarms"), (*_PEERS, *ours))
    peer = kept.get("presidio, shared")
    if peer:
        yield ""
        yield "Presidio's stock patterns on the same sets, without its language model"
        yield f"(`scripts/evaluate --only pii --presidio`, {peer['date']}). Names, places,"
        yield "organisations, passwords and secrets are left out of both, as no pattern of it seeks"
        yield "them; what is found is counted where it touches the mark."
        yield ""
        columns = ("set", "marks", "Excise finds", "Presidio finds", "alarms of Excise",
                   "alarms of Presidio")  # fmt: skip
        yield from _markdown(columns, list(_beside(sets, peer["sets"])))


def _beside(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    for name, peer in theirs.items():
        found = [_sought(each) for each in (ours[name], peer)]
        alarms = [
            str(Share(*each["figures"]["alarms on look-alikes"]))
            if "alarms on look-alikes" in each["figures"]
            else ""
            for each in (ours[name], peer)
        ]
        yield (name, str(found[0].of), *map(str, found), *alarms)


def _sought(each: Mapping[str, Any]) -> Share:
    kinds = [
        own["recall"]
        for kind, own in each["by_kind"].items()
        if "recall" in own and kind not in _NO_PATTERN
    ]
    return Share(sum(hits for hits, _ in kinds), sum(of for _, of in kinds))


def _f1(recall: Sequence[int], precision: Sequence[int]) -> float:
    one, other = Share(*recall).share, Share(*precision).share
    return 2 * one * other / (one + other)


def _share(sets: Mapping[str, Any], name: str, figure: str) -> str:
    return str(Share(*sets[name]["figures"][figure]))


# -- the README's table ------------------------------------------------------------------------


def _summary(run: Mapping[str, Any]) -> Iterator[str]:
    sets = run["sets"]
    yield f"By `{run['command']}` on {run['date']}, over public data sets and generated texts."
    yield "Lines that are not marked *held out* or *left out* were in sight while rules were"
    yield "written or models trained; [docs/reference/detection.md](docs/reference/detection.md)"
    yield "has every set, source and kind, and how the table is to be read."
    yield ""
    yield from _markdown(("what", "on", "found", "false alarms"), list(_lines(sets)))


def _lines(sets: Mapping[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    yield ("secrets", "samples of four scanners, and their look-alikes",
           _said(sets, "secrets_pos", "recall"), _said(sets, "secrets_neg", "alarms"))  # fmt: skip
    yield ("", "half of gitleaks' kinds, *held out*",
           _said(sets, "secrets_pos", "recall", "held out"),
           _said(sets, "secrets_neg", "alarms", "held out"))  # fmt: skip
    yield ("payment data", "samples of three projects, tables of finance",
           _said(sets, "pci", "recall"), _said(sets, "pci", "alarms"))  # fmt: skip
    yield ("", "gateway texts, generated, *held out*; random ids",
           _said(sets, "pci_held_out", "spans covered"),
           _said(sets, "pci_random_ids", "alarms"))  # fmt: skip
    yield ("personal data", "750 sentences (kiji)", _said(sets, "pii_spans", "recall"),
           f"precision {_said(sets, 'pii_spans', 'precision')}")  # fmt: skip
    yield ("", "bare ids of 74 kinds (Presidio's tests), *half held out*",
           _said(sets, "pii_id_patterns", "recall"),
           _said(sets, "pii_id_patterns", "alarms on look-alikes"))  # fmt: skip
    yield ("", "bare addresses and phone numbers",
           _said(sets, "pii_addresses_phones", "recall"), "")  # fmt: skip
    kiji = sets["names_kiji"]["figures"]
    yield ("names", "persons in 750 sentences (kiji), *left out*",
           f"F1 {Share(*kiji['F1 PERSON']).share:.2f}, "
           f"{Share(*kiji['characters covered'])} of characters", "")  # fmt: skip
    wiki = _card("wikigold, sentence by sentence")
    yield ("", "persons in wikigold, *left out*, as the model card says",
           f"F1 0{wiki['PERSON']}, {float(wiki['covered']):.0%} of characters", "")  # fmt: skip
    yield ("source code", "excerpts in 203 languages, prose about code",
           _said(sets, "code_pos", "recall"), _said(sets, "code_neg", "alarms"))  # fmt: skip
    yield ("", "the same by models that *left the source out*, as the model card says",
           _card("all code")["found"],
           _card("all prose, tables and talk: false alarms")["found"])  # fmt: skip
    usual = sets["ordinary"]
    shown = ("secrets", "payment data", "personal data", "names")
    families = ", ".join(
        f"{family} {Share(*usual['figures'][f'alarms: {family}']).share * 10_000:.1f}"
        for family in shown
    )
    yield ("ordinary traffic", f"{usual['rows']} prompts and texts", "",
           f"rows in 10 000 with a finding that acts: {families}")  # fmt: skip
    clean = sets["clean_lines"]["per_10000_lines"]
    yield ("clean lines", "10 000 lines of lock files, logs, checksums, pictures", "",
           "findings that act: "
           + ", ".join(f"{family} {clean[family]:g}" for family in shown)
           + " (git logs and keys hold e-mail addresses)")  # fmt: skip


def _said(sets: Mapping[str, Any], name: str, figure: str, group: str = "") -> str:
    each = sets[name]
    share = Share(*(each["by_group"][group] if group else each["figures"])[figure])
    return f"{share} of {share.of} ({share.spread})"


def _card(name: str, path: Path = CARD) -> dict[str, str]:
    """The line of the model card in which a cell reads so, by its columns. Raises `LookupError`."""
    columns: list[str] = []
    before: list[str] = []
    for line in path.read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")] if "|" in line else []
        if line.startswith("|---"):
            columns = before
        elif name in cells:
            return dict(zip(columns, cells, strict=True))
        before = cells
    raise LookupError(f"the model card has no line {name!r}")
