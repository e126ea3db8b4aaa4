"""The names tagger as a component of a spaCy pipeline.

    nlp = spacy.blank("en")
    nlp.add_pipe("excise_names")

It adds to `doc.ents` where these leave room. spaCy finds it by its entry point where the package is
installed, and else once this module is imported.
"""

from __future__ import annotations

from typing import Final

from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import filter_spans

from excise.detectors.names.tagger import NamesDetector

# What spaCy's own English pipelines call the same; addresses they do not know.
LABELS: Final = {"PERSON": "PERSON", "LOCATION": "GPE", "ORG": "ORG", "ADDRESS": "ADDRESS"}


class NamesComponent:
    """Adds names to a document's entities; entities that stand there already stay."""

    def __init__(self, min_score: float) -> None:
        self._names = NamesDetector.shipped()
        self._min_score = min_score

    def __call__(self, doc: Doc) -> Doc:
        """The document, its entities widened to whole tokens."""
        spans = [
            doc.char_span(*name.span, label=LABELS[name.label], alignment_mode="expand")
            for name in self._names.find(doc.text)
            if name.score >= self._min_score
        ]
        taken = {token.i for ent in doc.ents for token in ent}
        free = [s for s in spans if s is not None and not any(t.i in taken for t in s)]
        doc.ents = (*doc.ents, *filter_spans(free))
        return doc


@Language.factory("excise_names", assigns=["doc.ents"], default_config={"min_score": 0.5})
def create(nlp: Language, name: str, min_score: float) -> NamesComponent:
    """What spaCy calls for `nlp.add_pipe("excise_names")`."""
    return NamesComponent(min_score)
