"""The words in which refused people are told so: the operator's, by class and language.

A text may hold `{reference}`, `{contact}` and, where topics may be named, `{topic}`; nothing else
is ever put in, so that no name of a rule and no value can leak. What a file leaves out is said as
by default; a reference stands in every text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from excise.enforce.block import MESSAGES
from excise.errors import PolicyError
from excise.model import RefusalClass
from excise.strict import Node, parse_yaml

ENGLISH: Final = "en"
OVERRIDE: Final = "override"
MAX_TEXT: Final = 1000
_SLOT: Final = re.compile(r"\{([^{}]*)\}")
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}")
_RANGE: Final = re.compile(
    r"\s*([A-Za-z]{1,8}|\*)(?:-[A-Za-z0-9-]{1,32})?\s*(?:;\s*q\s*=\s*([01](?:\.\d{0,3})?))?\s*"
)

# Each class, and the sentence that tells how a refusal is overruled.
KEYS: Final = (*RefusalClass, OVERRIDE)

_DEFAULT: Final[Mapping[str, str]] = {
    **{cls: f"{text} Reference: {{reference}}." for cls, text in MESSAGES.items()},
    OVERRIDE: (
        "If it must be sent all the same, send it once more within {minutes} minutes with the "
        'header "x-excise-override: {token}; because=YOUR REASON". It counts once and is recorded.'
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Replies:
    """What is said, by language (a primary subtag of BCP 47) and key."""

    texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    default: str = ENGLISH
    contact: str = ""
    names_topics: bool = False

    def tell(
        self,
        cls: RefusalClass,
        reference: str,
        *,
        accepts: str = "",
        topics: Sequence[str] = (),
        more: str = "",
    ) -> str:
        """The message of a refusal; `accepts` is the client's `Accept-Language`, `more` what the
        policy tells besides."""
        text = self._text(cls, accepts)
        values = {
            "reference": reference,
            "contact": self.contact,
            "topic": ", ".join(topic.replace("-", " ") for topic in topics),
        }
        told = _SLOT.sub(lambda slot: values.get(slot[1], slot[0]), text)
        if reference not in told:
            told = f"{told} ({reference})"
        return f"{told} {more}" if more else told

    def tell_override(self, token: str, minutes: int, *, accepts: str = "") -> str:
        """How a refusal is overruled."""
        values = {"token": token, "minutes": str(minutes), "contact": self.contact}
        text = self._text(OVERRIDE, accepts)
        return _SLOT.sub(lambda slot: values.get(slot[1], slot[0]), text)

    def _text(self, key: str, accepts: str) -> str:
        for language in (*languages_of(accepts), self.default):
            found = self.texts.get(language, {}).get(key)
            if found:
                return found
            if language == ENGLISH:
                break
        return _DEFAULT[key]


PLAIN: Final = Replies()


def languages_of(accepts: str) -> list[str]:
    """Primary subtags of an `Accept-Language`, the most wanted first (RFC 9110 §12.5.4)."""
    wanted: list[tuple[float, int, str]] = []
    for piece in accepts[:1000].split(","):
        found = _RANGE.fullmatch(piece)
        if found is None or found[1] == "*":
            continue
        weight = float(found[2] or 1)
        if weight > 0:
            wanted.append((-weight, len(wanted), found[1].lower()))
    return list(dict.fromkeys(language for _, _, language in sorted(wanted)))


def parse_replies(text: str, origin: str) -> Replies:
    """The texts from their YAML. Raises `PolicyError`."""
    node = parse_yaml(text, origin)
    names_topics = node.flag("name-topics", False)
    by_language = node.node("replies")
    texts = {}
    for language in by_language:
        if not _LANGUAGE.fullmatch(language):
            raise PolicyError(
                "EXC-POL-006",
                f'"{language}" is no language; wanted two or three small letters, such as de.',
                at=by_language.at(language),
            )
        texts[language] = _said(by_language.node(language), names_topics)
    replies = Replies(
        texts=texts,
        default=node.text("default", ENGLISH),
        contact=node.text("contact", ""),
        names_topics=names_topics,
    )
    if replies.default not in {*texts, ENGLISH}:
        raise PolicyError(
            "EXC-POL-010",
            f'the default language "{replies.default}" has no texts.',
            at=node.at("default"),
        )
    by_language.done(also=texts)
    node.done()
    return replies


def _said(node: Node, names_topics: bool) -> dict[str, str]:
    said = {}
    for key in node:
        if key not in KEYS:
            continue  # `done` says which are known
        text = said[key] = node.text(key)
        slots = {"reference", "contact"} if key != OVERRIDE else {"token", "minutes", "contact"}
        if key == RefusalClass.TOPIC and names_topics:
            slots.add("topic")
        if len(text) > MAX_TEXT:
            raise PolicyError(
                "EXC-POL-012",
                f"{len(text)} characters; wanted at most {MAX_TEXT}.",
                at=node.at(key),
            )
        for name in set(_SLOT.findall(text)) - slots:
            raise PolicyError(
                "EXC-POL-006",
                f'"{{{name}}}" cannot be put in here; wanted {", ".join(sorted(slots))}.',
                at=node.at(key),
                hint="name-topics: true lets topics be named." if name == "topic" else "",
            )
    if OVERRIDE in said and "{token}" not in said[OVERRIDE]:
        raise PolicyError("EXC-POL-004", "the text lacks {token}.", at=node.at(OVERRIDE))
    node.done(also=KEYS)
    return said
