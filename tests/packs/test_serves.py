"""Each shipped rule says which requirement it serves, and there is such a requirement; each pack
says what it gets wrong."""

from __future__ import annotations

import re
from typing import Final

import pytest

from excise.resources import policies_dir, read_pack
from excise.rules.load import load_pack

PACKS: Final = sorted(path.name for path in (policies_dir() / "packs").iterdir() if path.is_dir())

# How requirements are named, and which numbers there are: looked up once in each document.
KNOWN: Final = (
    r"GDPR Art\. (5\(1\)\([a-f]\)|9|25|32|44)",
    # Annex A has 37 organisational, 8 people, 14 physical and 34 technological controls.
    r"ISO/IEC 27001:2022 A\.(5\.([1-9]|[12]\d|3[0-7])|6\.[1-8]|7\.([1-9]|1[0-4])"
    r"|8\.([1-9]|[12]\d|3[0-4]))",
    r"OWASP LLM(0[1-9]|10):2025",
    # Stored authentication data, displays of the PAN, the PAN in messages, passwords in code.
    r"PCI DSS 4\.0\.1 Req\. (3\.3|3\.4|4\.2\.2|8\.6\.2)",
    r"NIST SP 800-53r5 IA-5\(7\)",
    # Twelve risks (sections 2.1 to 2.12), or actions of the subcategory on security.
    r"NIST AI 600-1 (2\.([1-9]|1[0-2])|MS-2\.7)",
    r"HIPAA 45 CFR 164\.502",
    r"GLBA 15 USC 6801",
    r"NAIC Model (668|672)",
    r"SEC Regulation FD \(17 CFR 243\)",
    r"MAR Art\. 14",
)
_ANY: Final = re.compile("|".join(f"(?:{each})" for each in KNOWN))


@pytest.mark.parametrize("name", PACKS)
def test_every_rule_serves_a_requirement_that_exists(name: str) -> None:
    pack = load_pack(name, read_pack(name))
    assert [rule.id for rule in pack.rules if not rule.serves] == []
    named = {each for rule in pack.rules for each in rule.serves}
    assert sorted(each for each in named if not _ANY.fullmatch(each)) == []


def test_no_requirement_is_listed_that_nobody_serves() -> None:
    named = {
        each
        for name in PACKS
        for rule in load_pack(name, read_pack(name)).rules
        for each in rule.serves
    }
    idle = [each for each in KNOWN if not any(re.fullmatch(each, name) for name in named)]
    assert idle == []


@pytest.mark.parametrize("name", PACKS)
def test_every_pack_says_what_it_gets_wrong(name: str) -> None:
    assert load_pack(name, read_pack(name)).known_false_positives
