"""detect-secrets' plugins in the one pass find what they find line by line."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from detectors.foreign_samples import PLAIN, drawn, filled, found, framed, shared_rows

from excise.detectors.adopted.secrets_pack import adopted_rules, by_line, name_of, plugins, rules_of

FILLERS = ("{jwt}", "AKIA{base32:16}", "{b64:40}", "{hex:40}")
WRITTEN = (
    "password = 'hunter2hunter2'",
    'api_key: "abc, def"',
    'if ("s3cr3t!" == my_password) {}',
    "db_password => \"ab cd\"\nsecret('x')",
    'private_key "something";',
    "my_secret: 'two'; other_secret: 'three'",
    f"pwd = '{'ab1-' * 400}'",
)
PLUGINS = {type(each).__name__: each for each in plugins()}


class Known(NamedTuple):
    """Why a plugin differs, and what every such difference looks like."""

    reason: str
    holds: Callable[[set[str], set[str]], bool]  # of what only the plugin and only we find


def _parts(theirs: set[str], ours: set[str]) -> bool:
    return all(any(value in text for text in ours) for value in theirs)


KNOWN_DIFFERENCES = {
    "ArtifactoryDetector": Known(
        "Its answer holds the characters next to the token; ours is the token.",
        lambda theirs, ours: {each.strip(' \t=:"') for each in theirs} >= ours,
    ),
    "GitHubTokenDetector": Known("Its answer is the prefix; ours is the token.", _parts),
    "GitLabTokenDetector": Known("Its answer is a part of the prefix; ours is the token.", _parts),
    "KeywordDetector": Known(
        "Of each line it takes the first match of a pattern, ours takes all; of values longer "
        "than 200 characters ours finds no end.",
        lambda theirs, ours: all(len(each) > 200 for each in theirs),
    ),
}


def common() -> list[str]:
    """What every plugin is shown."""
    values = [*WRITTEN, *filled(FILLERS, 6)]
    rows = [*shared_rows("secrets_pos"), *shared_rows("secrets_neg")]
    # A line break that only `str.splitlines` knows is a character here as there.
    return [*PLAIN, *framed(values), *rows]


COMMON = common()


def differences(plugin: Any) -> list[tuple[set[str], set[str]]]:
    """For each text in which they differ what only the plugin finds, and what only we do."""
    rules = list(rules_of(plugin))
    texts = list(COMMON)
    for rule in rules:
        texts += framed(list(drawn(rule.match.regex, 12, rule.id)))
    wrong = []
    count = 0
    for text, hits in zip(texts, found(rules, texts), strict=True):
        theirs = {
            secret.secret_value
            for line in text.split("\n")
            for secret in plugin.analyze_line("text.py", line)
        }
        count += len(theirs)
        ours = {text[span.start : span.end] for _, span in hits}
        if theirs != ours:
            wrong.append((theirs - ours, ours - theirs))
    assert count, "nothing in the check set is found at all"
    return wrong


@pytest.mark.parametrize("name", PLUGINS)
def test_the_values_are_the_same(name: str) -> None:
    """Save for what is listed with its reason, and no entry is stale."""
    wrong = differences(PLUGINS[name])
    known = KNOWN_DIFFERENCES.get(name)
    if known is None:
        assert not wrong
    else:
        assert wrong, "the difference is gone: take it off the list"
        assert all(known.holds(theirs, ours) for theirs, ours in wrong)


def test_every_plugin_is_adopted() -> None:
    """All twenty-seven of them, each with a rule, in the pack, yielding to ours."""
    rules = adopted_rules()
    named = {rule.id.removeprefix("detect-secrets.").rpartition("-")[0] for rule in rules}
    assert named == {name_of(each) for each in PLUGINS.values()} and len(named) == 27
    assert all(rule.generic and rule.pack == "detect-secrets" for rule in rules)
    assert len({rule.id for rule in rules}) == len(rules)


def test_the_page_for_those_who_migrate_names_the_differences() -> None:
    """Each plugin that differs, and how many do not."""
    page = (Path(__file__).resolve().parents[3] / "docs" / "migrating.md").read_text("utf-8")
    assert all(f"`{name}`" in page for name in KNOWN_DIFFERENCES)
    assert f"| {len(PLUGINS) - len(KNOWN_DIFFERENCES)} | the same values |" in page


def test_guesses_need_an_eager_profile() -> None:
    """Formats act at level 2; keywords and entropy later."""
    levels = {rule.id: rule.level for rule in adopted_rules()}
    assert levels["detect-secrets.aws-access-key-1"] == 2
    assert levels["detect-secrets.secret-keyword-1"] == 3
    assert levels["detect-secrets.hex-high-entropy-string-1"] == 4


@pytest.mark.parametrize(
    ("pattern", "text", "taken"),
    [
        (r"a\s*b", "a \t b", True),
        (r"a\s*b", "a\nb", False),
        (r"[^\s]b", "\nb", False),
        (r"a[^\v'\"]*z", "a b z", True),
        (r"a[^\v'\"]*z", "a\nz", False),
        (r"a\\s", r"a\s", True),
        (r"a[]\s]b", "a\nb", True),
    ],
)
def test_a_pattern_is_kept_to_its_line(pattern: str, text: str, taken: bool) -> None:
    """White space and what is nearly anything do not run over the end of one."""
    assert bool(re.search(by_line(pattern), text)) is taken
