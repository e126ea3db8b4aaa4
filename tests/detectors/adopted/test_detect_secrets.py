"""What is taken from detect-secrets: its patterns, as rules like any other."""

import importlib
import re
import socket

import pytest

from excise.detectors.adopted.detect_secrets import ADOPTED, Plugin, adopted_rules, translate
from excise.detectors.build import build_plain_scanner
from excise.model import Part, Role, Segment
from excise.rules.compile import compile_rules
from excise.rules.fillers import fill

TOKENS = {
    "gitlab-token": [
        "glcbt-0f_{b64url:20}",
        "GR1348941{alnum:10}_{alnum:20}",
        "glagent-{b64url:50}",
    ],
    "square-oauth-secret": ["sq0csp-{b64url:43}"],
    "discord-bot-token": ["M{alnum:23}.{alnum:6}.{b64url:27}"],
}
CASES = [(plugin, fill(token, token)) for plugin in ADOPTED for token in TOKENS[plugin.kind]]


def test_every_adopted_plugin_is_tried() -> None:
    """The table above names them all."""
    assert set(TOKENS) == {plugin.kind for plugin in ADOPTED}


@pytest.mark.parametrize(("plugin", "token"), CASES)
def test_the_rule_finds_what_the_plugin_finds(plugin: Plugin, token: str) -> None:
    """The same token; the plugin's own answer may be a piece of it."""
    text = f"x = '{token}' # y"
    module = importlib.import_module(f"detect_secrets.plugins.{plugin.module}")
    found = set(getattr(module, plugin.name)().analyze_string(text))
    assert found
    (rule,) = (rule for rule in adopted_rules() if rule.entity == f"secret.{plugin.kind}")
    segment = Segment(text, Role.USER, Part.PROMPT, 0)
    (finding,) = build_plain_scanner([rule]).scan([segment])[0]
    assert text[finding.span.start : finding.span.end] == token
    assert all(piece in token for piece in found)


def test_the_rules_are_of_the_dialect() -> None:
    """They compile as a pack's would, wait for nothing in a stream, and yield to the pack's own."""
    rules = adopted_rules()
    assert all(rule.shape.word and rule.hold is None for rule in compile_rules(rules))
    assert all(rule.generic and rule.id.startswith("secrets.ds-") for rule in rules)


def test_blanks_are_not_found() -> None:
    """What manuals print passes."""
    text = f"glpat-{'x' * 20} and sq0csp-{'0' * 43}"
    segment = Segment(text, Role.USER, Part.PROMPT, 0)
    assert build_plain_scanner(adopted_rules()).scan([segment]) == [()]


def test_a_translation_matches_where_the_original_does() -> None:
    """Only look-around and bounds are given up."""
    original = r"(?<![a-z])tok-[A-Z0-9_\-]{4,}(?!\w)"
    made = translate(original)
    for text in ("tok-AB12", "xtok-AB12", "tok-AB12a", "tok-A", f"tok-{'A' * 300}"):
        if re.search(original, text):
            assert re.search(made, text)


def test_nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Making the rules and scanning with them opens no socket."""

    def refuse(*_: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    segment = Segment(CASES[0][1], Role.USER, Part.PROMPT, 0)
    assert build_plain_scanner(adopted_rules()).scan([segment]) != [()]


def test_a_longer_word_does_not_begin_with_a_token() -> None:
    """Where the original asks that no word character follows, so does the rule."""
    rules = [rule for rule in adopted_rules() if rule.entity == "secret.gitlab-token"]
    for token, found in (("glptt-{b64url:40}", 1), ("glptt-{b64url:40}x", 0)):
        segment = Segment(fill(token, "closed"), Role.USER, Part.PROMPT, 0)
        assert len(build_plain_scanner(rules).scan([segment])[0]) == found
