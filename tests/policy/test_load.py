"""Profiles load strictly: every mistake is named with its line and its mend."""

import pytest

from excise.errors import PolicyError
from excise.model import Action, Decision, Direction, Kind, Mode, Severity
from excise.policy.build import build_policy, shadowed
from excise.policy.decide import decide_case
from excise.policy.facts import RuleFacts
from excise.policy.load import check_cases, parse_profile

GOOD = """\
profile: sample
title: A sample
level: 2
packs:
  - pack: secrets
  - {pack: pci, mode: shadow}
clauses:
  - id: keys-stay
    when: {kinds: [secret], severities: [critical]}
    then: block
uninspectable:
  otherwise: alert
  expansion: block
on-fault: block
cases:
  - name: a grave key stops
    findings: [secrets.grave]
    expect: {action: block, clause: keys-stay}
  - name: cards are in shadow
    findings: [pci.pan]
    expect: {action: allow}
"""


def facts(rule: str, **changes: object) -> RuleFacts:
    """A rule as policy sees it."""
    base = {
        "id": rule,
        "pack": rule.partition(".")[0],
        "entity": f"secret.{rule.partition('.')[2]}",
        "kind": Kind.SECRET,
        "severity": Severity.HIGH,
        "level": 1,
        "action": Action.REDACT,
        "directions": frozenset(Direction),
        "parts": frozenset(),
    }
    return RuleFacts(**{**base, **changes})  # type: ignore[arg-type]


RULES = [
    facts("secrets.grave", severity=Severity.CRITICAL),
    facts("secrets.plain"),
    facts("secrets.eager", level=4),
    facts("pci.pan", entity="pci.pan", kind=Kind.PAYMENT),
]


def test_a_profile_says_what_it_says() -> None:
    """Every field arrives where it belongs."""
    profile = parse_profile(GOOD, "sample.yaml")
    assert [use.mode for use in profile.packs] == [None, Mode.SHADOW]
    assert profile.clauses[0].then is Action.BLOCK
    assert profile.uninspectable is Action.ALERT
    assert profile.uninspectable_by_reason == {"expansion": Action.BLOCK}


def test_its_own_cases_hold() -> None:
    """The cases that a profile carries are run and come out as written."""
    policy = build_policy(parse_profile(GOOD, "s"), RULES, "s", b"")
    outcome = {case.name: decide_case(policy, case) for case in policy.profile.cases}
    assert check_cases(policy, outcome) == []
    outcome["cards are in shadow"] = Decision(action=Action.BLOCK, would=Action.BLOCK)
    assert check_cases(policy, outcome) == [
        'case "cards are in shadow": expected allow, decided block.'
    ]


def test_rules_above_the_level_stay_out() -> None:
    """A profile of level 2 has no rule of level 4."""
    policy = build_policy(parse_profile(GOOD, "s"), RULES, "s", b"")
    assert set(policy.rules) == {"secrets.grave", "secrets.plain", "pci.pan"}


def test_shadow_alters_nothing() -> None:
    """In shadow no pack enforces and what is unreadable is at most alerted."""
    profile = shadowed(parse_profile(GOOD, "s"))
    assert {use.mode for use in profile.packs} == {Mode.SHADOW}
    assert profile.uninspectable_by_reason["expansion"] is Action.ALERT


@pytest.mark.parametrize(
    ("old", "new", "code", "line", "hint"),
    [
        ("then: block", "then: blok", "EXC-POL-006", 10, "block"),
        ("then: block", "then: steer", "EXC-POL-004", 8, ""),
        ("on-fault: block", "on-fault: tarpit", "EXC-POL-006", 14, ""),
        ("then: block", "then: block\n    how: mask", "EXC-POL-015", 11, "redact"),
        ("then: block", "then: redact\n    how: mash", "EXC-POL-006", 11, "mask"),
        ("then: block", "then: redact\n    valid: true", "EXC-POL-015", 11, "substitute"),
        ("then: block", "then: tarpit\n    text: x", "EXC-POL-015", 11, "steer"),
        ("then: block", "then: fallback", "EXC-POL-004", 8, ""),
        ("then: block", "then: limit\n    retry-after: 0", "EXC-POL-006", 11, ""),
        ("then: block", "then: limit\n    override: {}", "EXC-POL-015", 11, "block"),
        ("then: block", "then: block\n    override: {minutes: 0}", "EXC-POL-006", 11, ""),
        ("then: block", "then: block\n    override: {why: no}", "EXC-POL-003", 11, ""),
        ("mode: shadow", "mode: shade", "EXC-POL-006", 6, "shadow"),
        ("title: A sample", "titel: A sample", "EXC-POL-004", 1, ""),
        ("level: 2", "level: two", "EXC-POL-005", 3, ""),
        ("level: 2", "level: 2\nlevel: 3", "EXC-POL-002", 4, ""),
        ("on-fault: block", "on-fault: block\nextra: 1", "EXC-POL-003", 15, ""),
        ("pack: pci", "pack: secrets", "EXC-POL-007", 4, ""),
        ("title: A sample", "title: yes", "EXC-POL-005", 2, "quotes"),
        ("  expansion: block", "  explosion: block", "EXC-POL-003", 13, "expansion"),
        ("packs:", "packs: [", "EXC-POL-001", 5, ""),
    ],
)
def test_a_mistake_is_named_where_it_stands(
    old: str, new: str, code: str, line: int, hint: str
) -> None:
    """File, line, code, and a hint where one is near."""
    with pytest.raises(PolicyError) as caught:
        parse_profile(GOOD.replace(old, new, 1), "p.yaml")
    assert caught.value.code == code
    assert f"p.yaml:{line}" in str(caught.value)
    assert hint in str(caught.value)


@pytest.mark.parametrize(
    ("condition", "ok"),
    [
        ("rules: [secrets.plain]", True),
        ("rules: [secrets.plian]", False),
        ("rules: ['secrets.*']", True),
        ("entities: ['pci.*']", True),
        ("entities: [pci.cvv]", False),
        ("packs: [gdpr]", False),
    ],
)
def test_a_clause_names_what_exists(condition: str, ok: bool) -> None:
    """A clause about a rule, entity or pack that nothing carries does not load."""
    text = GOOD.replace("kinds: [secret], severities: [critical]", condition)
    profile = parse_profile(text, "p.yaml")
    if ok:
        assert build_policy(profile, RULES, "p.yaml", b"").rules
        return
    with pytest.raises(PolicyError, match="EXC-POL-010"):
        build_policy(profile, RULES, "p.yaml", b"")


def test_the_digest_names_the_bytes() -> None:
    """Another byte, another digest; the same bytes, the same digest."""
    profile = parse_profile(GOOD, "s")
    digests = [build_policy(profile, RULES, "s", data).digest for data in (b"a", b"b", b"a")]
    assert digests[0] == digests[2] != digests[1]


@pytest.mark.parametrize("word", ["read", "close", "refuse"])
def test_a_profile_says_what_becomes_of_known_sockets(word: str) -> None:
    text = GOOD.replace("on-fault: block", f"on-fault: block\nsockets: {word}")
    assert parse_profile(text, "p.yaml").sockets == word
    assert parse_profile(GOOD, "p.yaml").sockets == "read"


def test_a_profile_names_hosts_and_folders_of_tools() -> None:
    """Hosts in lower case; a key that nobody knows is an error."""
    text = GOOD.replace(
        "on-fault: block", "on-fault: block\ntools: {hosts: [.Intra.Example], paths: [/w]}"
    )
    tools = parse_profile(text, "p.yaml").tools
    assert (tools.hosts, tools.paths) == ({"intra.example"}, ("/w",))
    assert parse_profile(GOOD, "p.yaml").tools.hosts == frozenset()
    with pytest.raises(PolicyError):
        parse_profile(text.replace("paths", "folders"), "p.yaml")
