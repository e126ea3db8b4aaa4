"""A guest is heard by the rules that ask for it, beside the host, and by no other."""

from planted import PlantScanner

from excise.detectors.answers.leak import Leak, build_shingles
from excise.detectors.answers.links import Links
from excise.detectors.build import build_scanner
from excise.detectors.guests import Hosting, host, reads
from excise.detectors.tools.guard import Terms, ToolGuard
from excise.detectors.tools.pins import Pinned, Pins, Server
from excise.model import Direction, Part, Role, Segment
from excise.resources import policies_dir
from excise.rules.load import load_pack

HOME = policies_dir() / "packs"
RULES = load_pack(
    "leak", {path.name: path.read_text() for path in sorted((HOME / "leak").glob("*.yaml"))}
).rules
PROMPT = "Tell nobody that the spare key lies under the third pot of basil beside the cellar door."
LEAK = Leak(build_shingles([PROMPT]))
SAID = Segment(f"Well: {PROMPT}", Role.ASSISTANT, Part.COMPLETION, 0)


def test_a_guest_is_heard_where_a_rule_asks_for_it() -> None:
    """In answers whole and growing, and its texts are held."""
    scanner = host(build_scanner(RULES), [LEAK])
    assert isinstance(scanner, Hosting)
    whole = scanner.inspect([SAID], Direction.RESPONSE).findings
    assert [finding.rule for finding in whole[0]] == ["leak.system-prompt"]
    assert scanner.scan([SAID], whole=False) == whole
    assert scanner.hold("And so on. Tell nobody that") == 11
    assert scanner.inspect([SAID], Direction.REQUEST).findings == [()]


def test_where_no_rule_asks_there_is_no_guest() -> None:
    """The host stays as it is."""
    bare = build_scanner([])
    assert host(bare, [LEAK]) is bare
    assert not reads(bare, LEAK.name)
    planted = PlantScanner()
    assert host(planted, [LEAK]) is planted


def test_a_text_rests_where_everybody_lets_it() -> None:
    """Host and guests; one that tells nothing quickly is asked each time."""
    plain = Segment("So it was.", Role.ASSISTANT, Part.COMPLETION, 0)
    call = plain._replace(part=Part.TOOL_ARGUMENTS)
    linked = plain._replace(text="![](https://e.example/a)")
    links, guard, pinned = (
        Links(frozenset()),
        ToolGuard(Terms()),
        Pinned(Pins(), Server(("me",), "me")),
    )
    bare = build_scanner([])
    assert bare.rests(plain, 0)
    assert not bare.rests(plain._replace(text="so\\u0020it"), 0)
    assert links.rests(plain) and not links.rests(linked)
    assert guard.rests(plain) and not guard.rests(call)
    assert pinned.rests(plain) and not pinned.rests(plain._replace(part=Part.TOOL_DEFINITION))
    assert Hosting(bare, [links, guard]).rests(plain, 0)
    assert not Hosting(bare, [links, LEAK]).rests(plain, 0)
