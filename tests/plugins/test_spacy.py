"""A spaCy pipeline takes the tagger as a component."""

import spacy

import excise.plugins.spacy  # noqa: F401  (registers the component)

TEXT = "Yesterday Margaret Thompson called."


def test_names_become_entities() -> None:
    """On whole tokens, with spaCy's labels."""
    nlp = spacy.blank("en")
    nlp.add_pipe("excise_names")
    assert [(ent.text, ent.label_) for ent in nlp(TEXT).ents] == [("Margaret Thompson", "PERSON")]


def test_entities_that_are_there_stay() -> None:
    """A component before it has the say."""
    nlp = spacy.blank("en")
    ruler = nlp.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": "CODENAME", "pattern": "Thompson"}])  # type: ignore[attr-defined]
    nlp.add_pipe("excise_names")
    assert [(ent.text, ent.label_) for ent in nlp(TEXT).ents] == [("Thompson", "CODENAME")]


def test_unsure_names_can_be_left_out() -> None:
    """By the component's configuration."""
    nlp = spacy.blank("en")
    nlp.add_pipe("excise_names", config={"min_score": 1.1})
    assert not nlp(TEXT).ents
