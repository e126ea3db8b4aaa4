"""The operator's own model as a child: spaCy, Presidio or transformers, from what is installed.

`python -m excise.workers.deep KIND MODEL`. It answers `{"texts": [...]}` with a list for each text
of `[label, start, end, score]`. Nothing is downloaded: a model that is not there ends the child.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from typing import Final

from excise.workers.child import serve

KINDS: Final = ("spacy", "presidio", "transformers")
LONGEST: Final = 10_000_000  # characters that spaCy shall accept

Seen = tuple[str, int, int, float]
Model = Callable[[Sequence[str]], list[list[Seen]]]

# What taggers call the same thing; other labels stay as they are.
SAME: Final = {
    "PER": "PERSON",
    "LOC": "LOCATION",
    "GPE": "LOCATION",
    "FAC": "LOCATION",
    "ORGANIZATION": "ORG",
    "STREET_ADDRESS": "ADDRESS",
}
_SURE: Final = 0.85  # what is said of a model that gives no scores, as Presidio does for spaCy


def load_spacy(name: str) -> Model:
    """A pipeline by the name of its package or its folder."""
    import spacy

    pipeline = spacy.load(name)
    pipeline.max_length = LONGEST

    def find(texts: Sequence[str]) -> list[list[Seen]]:
        return [
            [(label(ent.label_), ent.start_char, ent.end_char, _SURE) for ent in doc.ents]
            for doc in pipeline.pipe(texts)
        ]

    return find


def load_presidio(name: str) -> Model:
    """An AnalyzerEngine: from a configuration file, over a spaCy pipeline, or, where `name` is
    empty, with its pattern recognizers alone."""
    import spacy
    import tldextract
    from presidio_analyzer import AnalyzerEngine, AnalyzerEngineProvider
    from presidio_analyzer.nlp_engine import NlpEngineProvider, SpacyNlpEngine

    # Its e-mail recognizer would fetch the list of public suffixes.
    tldextract.tldextract.TLD_EXTRACTOR = tldextract.TLDExtract(suffix_list_urls=())
    if name.endswith((".yaml", ".yml")):
        engine = AnalyzerEngineProvider(analyzer_engine_conf_file=name).create_engine()
    elif name:
        models = [{"lang_code": "en", "model_name": name}]
        provider = NlpEngineProvider(
            nlp_configuration={"nlp_engine_name": "spacy", "models": models}
        )
        engine = AnalyzerEngine(nlp_engine=provider.create_engine())
    else:
        blank = SpacyNlpEngine()
        blank.nlp = {"en": spacy.blank("en")}  # type: ignore[assignment]
        engine = AnalyzerEngine(nlp_engine=blank, supported_languages=["en"])
    language = engine.supported_languages[0]

    def find(texts: Sequence[str]) -> list[list[Seen]]:
        return [
            [
                (label(each.entity_type), each.start, each.end, float(each.score))
                for each in engine.analyze(text, language=language)
            ]
            for text in texts
        ]

    return find


def load_transformers(name: str) -> Model:
    """A token classifier by the folder it lies in."""
    import transformers  # an operator's own: no dependency of this package

    tagger = transformers.pipeline(
        "token-classification", model=name, aggregation_strategy="simple"
    )

    def find(texts: Sequence[str]) -> list[list[Seen]]:
        return [
            [
                (label(each["entity_group"]), int(each["start"]), int(each["end"]),
                 float(each["score"]))
                for each in tagger(text)
            ]
            for text in texts
        ]  # fmt: skip

    return find


LOADERS: Final[dict[str, Callable[[str], Model]]] = {
    "spacy": load_spacy,
    "presidio": load_presidio,
    "transformers": load_transformers,
}


def label(word: str) -> str:
    """A tagger's label in our words."""
    return SAME.get(word.upper(), word)


def main() -> None:
    """The child."""
    # Libraries that look for a hub or a newer version find nothing there.
    os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1")
    _, kind, name = sys.argv
    find = LOADERS[kind](name)
    serve(lambda question: find(question["texts"]))


if __name__ == "__main__":
    main()
