"""Presidio's predefined recognizers as rules, read from the installed package.

Patterns, flags, words of context and validators stay where they are and are called from there; no
word of them stands here. Importing the package takes seconds and some ninety megabytes, so it is
done where a profile asks for the pack `presidio`. How the spans compare with those of the
recognizers themselves is held by a test; `docs/migrating.md` has the table.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Final

from excise.detectors.adopted.rules import BOUNDS, adopt, level_of, loosen, whole
from excise.model import Kind, Severity
from excise.rules.schema import Foreign, Rule

if TYPE_CHECKING:
    from presidio_analyzer import Pattern, PatternRecognizer

PACK: Final = "presidio"
# What LemmaContextAwareEnhancer does with a score where a word of context stands.
_CLOSER: Final = 0.35
_AT_LEAST: Final = 0.4
_BOOSTED: Final = 0.6  # a pattern of this score needs no context to act
_LONG: Final = 500  # most characters of what has no bound in an address

# Presidio's words → ours; what is missing becomes `pii.` and the word in kebab case.
ENTITIES: Final = {
    "ABA_ROUTING_NUMBER": "pci.routing",
    "AU_ABN": "pii.tax-id.au",
    "AU_ACN": "pii.tax-id.au",
    "AU_MEDICARE": "pii.health-id.au",
    "AU_TFN": "pii.tax-id.au",
    "CREDIT_CARD": "pci.pan",
    "CRYPTO": "pii.crypto",
    "DATE_TIME": "pii.date",
    "EMAIL_ADDRESS": "pii.email",
    "ES_NIE": "pii.national-id.es",
    "ES_NIF": "pii.tax-id.es",
    "FI_PERSONAL_IDENTITY_CODE": "pii.national-id.fi",
    "IBAN_CODE": "pci.iban",
    "IN_AADHAAR": "pii.national-id.in",
    "IN_GSTIN": "pii.tax-id.in",
    "IN_PAN": "pii.tax-id.in",
    "IN_PASSPORT": "pii.passport.in",
    "IN_VEHICLE_REGISTRATION": "pii.license-plate",
    "IN_VOTER": "pii.national-id.in",
    "IP_ADDRESS": "pii.ip",
    "IT_DRIVER_LICENSE": "pii.driver-license.it",
    "IT_FISCAL_CODE": "pii.tax-id.it",
    "IT_IDENTITY_CARD": "pii.national-id.it",
    "IT_PASSPORT": "pii.passport.it",
    "IT_VAT_CODE": "pii.tax-id.it",
    "KR_BRN": "pii.tax-id.kr",
    "KR_DRIVER_LICENSE": "pii.driver-license.kr",
    "KR_FRN": "pii.national-id.kr",
    "KR_PASSPORT": "pii.passport.kr",
    "KR_RRN": "pii.national-id.kr",
    "MAC_ADDRESS": "pii.mac",
    "MEDICAL_LICENSE": "pii.medical-license.us",
    "NG_NIN": "pii.national-id.ng",
    "NG_VEHICLE_REGISTRATION": "pii.license-plate",
    "PL_PESEL": "pii.national-id.pl",
    "SG_NRIC_FIN": "pii.national-id.sg",
    "SG_UEN": "pii.tax-id.sg",
    "TH_TNIN": "pii.national-id.th",
    "UK_NHS": "pii.health-id.gb",
    "UK_NINO": "pii.national-id.gb",
    "UK_PASSPORT": "pii.passport.gb",
    "UK_POSTCODE": "pii.zip",
    "UK_VEHICLE_REGISTRATION": "pii.license-plate",
    "URL": "pii.url",
    "US_BANK_NUMBER": "pii.bank-account",
    "US_DRIVER_LICENSE": "pii.driver-license.us",
    "US_ITIN": "pii.tax-id.us",
    "US_MBI": "pii.health-id.us",
    "US_NPI": "pii.health-id.us",
    "US_PASSPORT": "pii.passport.us",
    "US_SSN": "pii.national-id.us",
}

NOT_ADOPTED: Final = {
    "AzureAILanguageRecognizer": "asks a service",
    "AzureHealthDeidRecognizer": "asks a service",
    "AzureOpenAILangExtractRecognizer": "asks a service",
    "BasicLangExtractRecognizer": "asks a language model",
    "LangExtractRecognizer": "asks a language model",
    "GLiNERRecognizer": "a model, for `deep`",
    "HuggingFaceNerRecognizer": "a model, for `deep`",
    "MedicalNERRecognizer": "a model, for `deep`",
    "SpacyRecognizer": "a model, for `deep`",
    "StanzaRecognizer": "a model, for `deep`",
    "TransformersRecognizer": "a model, for `deep`",
    "PhoneRecognizer": "no pattern but phonenumbers, which the pack gdpr runs itself",
}

# Where the pattern is too large for the one pass, what admits more: an address is asked for at
# its @, and a host at a dot between letters.
_HOST: Final = r"[\-.0-9A-Za-z]{1,255}\.[A-Za-z\-.]{2,64}(?:[/?#:][!-~\x80-\U0010ffff]{0,500}){0,1}"
_WIDER: Final = {
    ("EmailRecognizer", 0): r"[!#-'*+\-./-9=?A-Z^_`a-z{|}~]{1,128}@[\-.0-9A-Z_a-z]{3,255}",
    ("UrlRecognizer", 1): _HOST,
    ("UrlRecognizer", 3): rf"['\"]{_HOST}['\"]",
}

# Its match takes in the whole run of a host's characters, so one that begins inside of a run is
# none; tried at each, a text of dots would take a second per hundred bytes.
_ONCE: Final = {("UrlRecognizer", 1): r"(?<![a-z0-9.\-])"}


def adopted_rules() -> tuple[Rule, ...]:
    """Rules `presidio.<recognizer>-<number of its pattern>`, and beside each weak one another of
    the same name and `-context`, which asks for one of the recognizer's words and scores more.

    Reads the installed package; its list of public suffixes is the one it ships, never one from
    the network.
    """
    import tldextract

    tldextract.tldextract.TLD_EXTRACTOR = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)
    tldextract.extract("example.org")  # read now, so that no message waits for it
    return tuple(rule for each in recognizers() for rule in rules_of(each))


def recognizers() -> Iterator[PatternRecognizer]:
    """Every predefined recognizer that is patterns and a validator, with its own defaults."""
    from presidio_analyzer import PatternRecognizer, predefined_recognizers

    for name, each in sorted(vars(predefined_recognizers).items()):
        own = inspect.isclass(each) and issubclass(each, PatternRecognizer)
        if own and name not in NOT_ADOPTED:
            yield each()


def rules_of(recognizer: PatternRecognizer) -> Iterator[Rule]:
    """The rules of one recognizer, in the order of its patterns. Raises `DialectError` where a
    pattern cannot run in the one pass."""
    patterns: list[Pattern] = vars(recognizer)["patterns"]
    for number, pattern in enumerate(patterns):
        yield _rule(recognizer, number, pattern)
        if pattern.score < _BOOSTED and recognizer.context:
            yield _rule(recognizer, number, pattern, recognizer.context)


def entity_of(word: str) -> str:
    """Presidio's word for an entity in ours."""
    return ENTITIES.get(word, f"pii.{word.lower().replace('_', '-')}")


def name_of(recognizer: PatternRecognizer) -> str:
    """`UsSsnRecognizer` → `us-ssn`."""
    plain = type(recognizer).__name__.removesuffix("Recognizer")
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", plain).lower()


def raised(score: float) -> float:
    """A score where a word of context stands."""
    return min(1.0, max(_AT_LEAST, score + _CLOSER)) if score else 0.0


def _rule(
    recognizer: PatternRecognizer, number: int, pattern: Pattern, context: Iterable[str] = ()
) -> Rule:
    import regex

    words = tuple(context)
    judge = judge_of(recognizer, pattern.score)
    entity = entity_of(recognizer.supported_entities[0])
    # Some say in the middle of a pattern that case does not count.
    flags = recognizer.global_regex_flags or 0
    flags |= re.IGNORECASE if "(?i)" in pattern.regex else 0
    inner = next((c for c in type(recognizer).__mro__ if "analyze" in vars(c)), None)
    by_groups = inner is not None and inner.__name__ == "IbanRecognizer"
    key = (type(recognizer).__name__, number)
    wider = _WIDER.get(key)
    bounds = (_LONG, *BOUNDS) if entity == "pii.url" else BOUNDS
    return adopt(
        id=f"{PACK}.{name_of(recognizer)}-{number + 1}{'-context' if words else ''}",
        entity=entity,
        title=f"{recognizer.supported_entities[0]} as {PACK.capitalize()} finds it",
        kind=Kind.PAYMENT if entity.startswith("pci.") else Kind.PERSONAL,
        severity=Severity.MEDIUM,
        level=level_of(raised(pattern.score) if words else pattern.score),
        regex=wider or loosen(pattern.regex, flags, bounds),
        ignore_case=bool(flags & re.IGNORECASE),
        foreign=Foreign(
            pattern=regex.compile(_ONCE.get(key, "") + pattern.regex, flags=flags),
            spans=_to_each_group if by_groups else whole,
            judge=(lambda text: raised(judge(text))) if words else judge,
        ),
        context=words,
        why="Presidio calls it personal data.",
        remedy="Leave it out, or let the firewall put a placeholder in its place.",
        reference="https://microsoft.github.io/presidio/supported_entities/",
        origin=f"presidio_analyzer: {type(recognizer).__name__}, {pattern.name}",
    )


def judge_of(recognizer: PatternRecognizer, score: float) -> Callable[[str], float]:
    """The score of a match's text: that of its pattern, 1 where the recognizer's own validator
    says yes, 0 where it says no or the text is invalidated."""

    def judge(text: str) -> float:
        try:
            verdict = recognizer.validate_result(text)
            if recognizer.invalidate_result(text):
                return 0.0
        except (ArithmeticError, LookupError, TypeError, ValueError):
            return 0.0  # the recognizer itself would fail on the whole text
        return score if verdict is None else float(bool(verdict))

    return judge


def _to_each_group(match: re.Match[str]) -> Iterator[tuple[int, int]]:
    """The match up to the end of its last group, of the one before it and so on: an IBAN may take
    the word behind it for its last part."""
    for number in range(len(match.groups()), 0, -1):
        end = match.end(number)
        yield match.start(), end if end > 0 else match.end()
