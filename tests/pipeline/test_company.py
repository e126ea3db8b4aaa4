"""An answer is read with what the request said, as far as rules ask for it."""

from planted import PlantScanner, planted_policy

from excise.model import Finding, Kind, Part, Role, Segment, Severity, Span
from excise.pipeline.company import Company, terms_of
from excise.pipeline.weigh import Found
from excise.policy.schema import Tools

USER = Segment("look at https://docs.example/a", Role.USER, Part.PROMPT, 0)
SHOWN = Segment("key", Role.TOOL, Part.TOOL_RESULT, 1)
GRAVE = Finding("secret.x", "r", Span(0, 3), 1.0, Severity.CRITICAL, Kind.SECRET)


def test_terms_join_profile_and_request() -> None:
    """Hosts of both, the profile's folders, and whether a secret was seen."""
    tools = Tools(hosts=frozenset({"intra.example"}), paths=("/srv",))
    terms = terms_of([USER, SHOWN], Found([(SHOWN, (GRAVE,))]), tools)
    assert terms.hosts == {"intra.example", "docs.example"}
    assert terms.paths == ("/srv",)
    assert terms.tainted
    assert not terms_of([USER, SHOWN], Found([]), tools).tainted


def test_where_no_rule_asks_nobody_comes() -> None:
    """The planted scanner has no rules for guests."""
    assert Company().meet(PlantScanner(), [USER], Found([]), planted_policy().profile) == ()
