"""Recognizers for Presidio's registry: the names tagger, and every pattern rule of some packs.

    registry.add_recognizer(NamesRecognizer())
    registry.add_recognizer(PackRecognizer.shipped("gdpr", "pci"))

Neither needs Presidio's NLP artefacts, so an engine without a model serves them. Offsets are those
of the text that Presidio was given.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from presidio_analyzer import EntityRecognizer, RecognizerResult
from presidio_analyzer.nlp_engine import NlpArtifacts

from excise.detectors.build import build_scanner
from excise.detectors.names.tagger import NamesDetector
from excise.model import Part, Role, Segment
from excise.resources import read_pack
from excise.rules.load import load_pack
from excise.rules.schema import Status

# Our words → Presidio's, where it has one; others become upper case with underscores.
ENTITIES: Final = {
    "pii.person": "PERSON",
    "pii.location": "LOCATION",
    "pii.organization": "ORGANIZATION",
    "pii.email": "EMAIL_ADDRESS",
    "pii.phone": "PHONE_NUMBER",
    "pii.ip": "IP_ADDRESS",
    "pii.mac": "MAC_ADDRESS",
    "pii.url": "URL",
    "pii.crypto": "CRYPTO",
    "pii.national-id.us": "US_SSN",
    "pii.passport.us": "US_PASSPORT",
    "pii.driver-license.us": "US_DRIVER_LICENSE",
    "pii.health-id.gb": "UK_NHS",
    "pii.tax-id.es": "ES_NIF",
    "pii.tax-id.it": "IT_FISCAL_CODE",
    "pii.national-id.pl": "PL_PESEL",
    "pii.national-id.in": "IN_AADHAAR",
    "pci.pan": "CREDIT_CARD",
    "pci.iban": "IBAN_CODE",
}
_LABELS: Final = {
    "PERSON": "PERSON",
    "LOCATION": "LOCATION",
    "ORG": "ORGANIZATION",
    "ADDRESS": "ADDRESS",
}


def entity_of(entity: str) -> str:
    """`secret.aws-access-key-id` → `SECRET_AWS_ACCESS_KEY_ID`; what Presidio knows by its name."""
    return ENTITIES.get(entity, entity.replace(".", "_").replace("-", "_").upper())


class NamesRecognizer(EntityRecognizer):
    """Persons, places, organisations and street addresses by the tagger that ships."""

    def __init__(self, supported_language: str = "en") -> None:
        super().__init__(
            supported_entities=sorted(_LABELS.values()),
            name="ExciseNames",
            supported_language=supported_language,
        )

    def load(self) -> None:
        """Read the model; called by Presidio."""
        self._names = NamesDetector.shipped()

    def analyze(
        self, text: str, entities: Sequence[str], nlp_artifacts: NlpArtifacts | None = None
    ) -> list[RecognizerResult]:
        """The names among `entities` in a text."""
        return [
            RecognizerResult(_LABELS[name.label], name.span.start, name.span.end, name.score)
            for name in self._names.find(text)
            if _LABELS[name.label] in entities
        ]


class PackRecognizer(EntityRecognizer):
    """Every stable pattern rule of some packs, in one pass."""

    def __init__(
        self, files: Sequence[tuple[str, dict[str, str]]], supported_language: str = "en"
    ) -> None:
        """`files` are packs by name, each its files by name; see `shipped`."""
        packs = [load_pack(name, texts) for name, texts in files]
        self._rules = [
            rule
            for pack in packs
            for rule in pack.rules
            if rule.status is Status.STABLE and rule.asked is None
        ]
        super().__init__(
            supported_entities=sorted({entity_of(rule.entity) for rule in self._rules}),
            name="ExcisePacks",
            supported_language=supported_language,
        )

    @classmethod
    def shipped(cls, *names: str) -> PackRecognizer:
        """Over packs that ship, by name."""
        return cls([(name, read_pack(name)) for name in names])

    def load(self) -> None:
        """Compile the rules; called by Presidio."""
        self._scanner = build_scanner(self._rules)

    def analyze(
        self, text: str, entities: Sequence[str], nlp_artifacts: NlpArtifacts | None = None
    ) -> list[RecognizerResult]:
        """What the rules find of `entities` in a text."""
        segment = Segment(text, Role.USER, Part.PROMPT, 0)
        return [
            RecognizerResult(entity, finding.span.start, finding.span.end, finding.score)
            for finding in self._scanner.scan([segment])[0]
            if (entity := entity_of(finding.entity)) in entities
        ]
