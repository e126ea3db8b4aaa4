"""Small rules and packs for the tests of rules and detectors."""

from __future__ import annotations

from excise.rules.load import load_pack
from excise.rules.schema import Rule, RulePack

PACK = """\
pack: sample
version: 1
engine: 1
title: A sample
defaults:
  severity: high
  kind: secret
  where: {direction: [request, response]}
  survives: [json_escape]
fragments:
  gap: '[ ]{0,3}[:=][ ]{0,3}'
excuses:
  manuals:
    - value: 'EXAMPLE'
      because: Manuals print it.
"""

KEY = """\
rules:
  - id: sample.key
    entity: secret.sample-key
    title: Key of a sample
    match:
      regex: '\\bkey-[0-9A-Za-z]{16}\\b'
    unless:
      - use: manuals
    why: It opens things.
    remedy: Revoke it.
    references: [https://example.org/key]
    examples:
      - name: in a sentence
        text: "the <<key-{alnum:16}>> here"
      - name: two of them
        text: "<<key-{alnum:16}>>\\n<<key-{alnum:16}>>"
      - name: one character short
        text: "the key-{alnum:15} here"
        expect: none
      - name: of the manual
        text: "the key-EXAMPLE{alnum:9} here"
        expect: none
"""

PASSWORD = """\
rules:
  - id: sample.password
    entity: secret.sample-password
    title: A password
    generic: true
    match:
      regex: 'password"{0,1}{{gap}}"{0,1}(?P<secret>[!#-~]{6,40})'
      ignore_case: true
      checks: [mixed]
    why: It opens things.
    remedy: Change it.
    references: [https://example.org/password]
    examples:
      - name: in a line
        text: "Password: <<{alnum:12}>>"
      - name: in its own field
        text: "<<{alnum:12}>>"
        label: password
      - name: letters only
        text: "password: {lower:12}"
        expect: none
      - name: too short
        text: "password: {alnum:5}"
        expect: none
"""

CARD = """\
rules:
  - id: sample.card
    entity: pci.pan
    title: A card number
    kind: payment
    match:
      regex: '(?:^|[^0-9])(?P<pan>(?:[0-9][ -]{0,1}){12,18}[0-9])(?:[^0-9]|$)'
      checks: [pan]
      context: {words: [card, visa*], before: 40}
    hold: '(?:[0-9][ -]{0,1}){1,19}'
    why: It can be charged.
    remedy: Leave it out.
    references: [https://example.org/card]
    examples:
      - name: in groups
        text: "my card is <<{pan:visa:4 4 4 4}>>, thanks"
      - name: in one piece
        text: "VISACARD <<{pan:visa}>>"
      - name: wrong digit
        text: "my card is {luhn-bad:16:4}"
        expect: none
      - name: nothing of cards near
        text: "number {pan:visa}"
        expect: none
"""


def files(**topics: str) -> dict[str, str]:
    """The sample pack's files with these topics."""
    return {"pack.yaml": PACK, **{f"{name}.yaml": text for name, text in topics.items()}}


def sample_pack() -> RulePack:
    """All three rules."""
    return load_pack("sample", files(key=KEY, password=PASSWORD, card=CARD))


def sample_rules() -> tuple[Rule, ...]:
    """The rules of `sample_pack`: card, key, password."""
    return sample_pack().rules
