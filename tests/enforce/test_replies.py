"""Refusals in the operator's words and the client's language."""

from __future__ import annotations

import pytest

from excise.enforce.block import MESSAGES
from excise.enforce.replies import KEYS, PLAIN, Replies, languages_of, parse_replies
from excise.errors import PolicyError
from excise.model import RefusalClass
from excise.resources import policies_dir

SHIPPED = parse_replies((policies_dir() / "replies.yaml").read_text("utf-8"), "replies.yaml")


@pytest.mark.parametrize("cls", RefusalClass)
@pytest.mark.parametrize("language", ["", "en", "de", "fr-CH", "ja"])
def test_every_class_is_said_with_its_reference(cls: RefusalClass, language: str) -> None:
    """In the client's language where there are words, else in English."""
    told = SHIPPED.tell(cls, "r-1", accepts=language)
    assert "r-1" in told
    assert "{" not in told
    assert (MESSAGES[cls] in told) is (language not in ("de", "fr-CH"))


@pytest.mark.parametrize("language", sorted(SHIPPED.texts))
def test_shipped_languages_are_whole(language: str) -> None:
    """None has a class missing."""
    assert set(SHIPPED.texts[language]) == set(KEYS)


@pytest.mark.parametrize(
    ("accepts", "wanted"),
    [
        ("", []),
        ("de", ["de"]),
        ("fr;q=0.5, de-AT, en;q=0.9", ["de", "en", "fr"]),
        ("de;q=0, *, en", ["en"]),
        ("de;q=x,,;;, en", ["en"]),
        ("de, de-CH", ["de"]),
    ],
)
def test_languages_are_taken_by_weight(accepts: str, wanted: list[str]) -> None:
    """RFC 9110, section 12.5.4; what cannot be read is passed over."""
    assert languages_of(accepts) == wanted


def test_the_operators_words_come_first() -> None:
    """With contact and topics; the reference is added where it was forgotten."""
    replies = parse_replies(
        "default: de\ncontact: it@corp.example\nname-topics: true\n"
        "replies:\n  de: {topic: 'Kein {topic}. Fragen: {contact}.', policy: 'Nein.'}\n",
        "replies.yaml",
    )
    told = replies.tell(RefusalClass.TOPIC, "r-1", topics=("tax-evasion", "finance"))
    assert told == "Kein tax evasion, finance. Fragen: it@corp.example. (r-1)"
    assert replies.tell(RefusalClass.POLICY, "r-1", accepts="ja", more="Siehe Wiki.") == (
        "Nein. (r-1) Siehe Wiki."
    )
    assert MESSAGES[RefusalClass.ATTACK] in replies.tell(RefusalClass.ATTACK, "r-1")


def test_how_to_overrule_is_told() -> None:
    """Token and minutes."""
    for replies in (PLAIN, SHIPPED, Replies(default="de", texts=SHIPPED.texts)):
        told = replies.tell_override("TOKEN", 15, accepts="de")
        assert "x-excise-override: TOKEN; because=" in told
        assert "15" in told


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("replies: {de: {polizei: x}}", "EXC-POL-003"),
        ("replies: {de: {policy: 'No: {rule}'}}", "EXC-POL-006"),
        ("replies: {de: {topic: 'No: {topic}'}}", "EXC-POL-006"),
        ("replies: {German: {policy: x}}", "EXC-POL-006"),
        ("replies: {de: {override: x}}", "EXC-POL-004"),
        ("default: fr\nreplies: {de: {policy: x}}", "EXC-POL-010"),
        ("replies: {}\nextra: 1", "EXC-POL-003"),
        (f"replies: {{de: {{policy: {'x' * 1001}}}}}", "EXC-POL-012"),
    ],
)
def test_a_mistake_is_named(text: str, code: str) -> None:
    """With its code."""
    with pytest.raises(PolicyError) as caught:
        parse_replies(text, "replies.yaml")
    assert caught.value.code == code
