"""Presidio's engine takes the recognizers, and they say what the scanner says."""

from collections.abc import Iterator

import pytest
import spacy
from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
from presidio_analyzer.nlp_engine import SpacyNlpEngine

from excise.plugins.presidio import NamesRecognizer, PackRecognizer, entity_of
from excise.rules.fillers import fill

TEXT = fill("Please ask Margaret Thompson, card {pan:visa:4 4 4 4}, iban {iban:DE}.", "presidio")


@pytest.fixture(scope="module")
def engine() -> Iterator[AnalyzerEngine]:
    """An engine without a model, with nothing but these recognizers."""
    nlp = SpacyNlpEngine()
    nlp.nlp = {"en": spacy.blank("en")}  # type: ignore[assignment]
    registry = RecognizerRegistry(supported_languages=["en"])
    registry.add_recognizer(NamesRecognizer())
    registry.add_recognizer(PackRecognizer.shipped("pci"))
    yield AnalyzerEngine(registry=registry, nlp_engine=nlp, supported_languages=["en"])


def test_presidio_finds_what_they_find(engine: AnalyzerEngine) -> None:
    """By the names Presidio gives entities."""
    found = {TEXT[e.start : e.end]: e.entity_type for e in engine.analyze(TEXT, language="en")}
    assert found["Margaret Thompson"] == "PERSON"
    assert "CREDIT_CARD" in found.values() and "IBAN_CODE" in found.values()


def test_only_what_is_asked_for_is_given(engine: AnalyzerEngine) -> None:
    """As Presidio's own recognizers do."""
    results = engine.analyze(TEXT, language="en", entities=["PERSON"])
    assert {each.entity_type for each in results} == {"PERSON"}


@pytest.mark.parametrize(
    ("entity", "wanted"),
    [("pii.person", "PERSON"), ("secret.aws-key", "SECRET_AWS_KEY"), ("pci.cvv", "PCI_CVV")],
)
def test_entities_have_presidios_names(entity: str, wanted: str) -> None:
    """Or our own in upper case."""
    assert entity_of(entity) == wanted
