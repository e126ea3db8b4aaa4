"""An engine is made from files: shipped ones, an operator's own, or not at all."""

import gc
from pathlib import Path

import pytest
import spacy
from onnx_samples import write_classifier

from excise.assemble import load_engine, prepare, settle
from excise.cli.main import main
from excise.errors import ConfigError, PolicyError, StateError
from excise.model import Direction, Mode, Part, Principal, Role, Segment
from excise.resources import policies_dir
from excise.rules.fillers import fill

PROFILES = sorted(path.stem for path in (policies_dir() / "profiles").glob("*.yaml"))
TEXT = fill("key AKIA{base32:16} end", "assemble")


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One state folder, so that databases are compiled once."""
    return tmp_path_factory.mktemp("state")


@pytest.mark.parametrize("profile", PROFILES)
def test_every_shipped_profile_loads_and_its_cases_hold(profile: str, state: Path) -> None:
    """Loading runs the cases."""
    engine = load_engine(profile, state_dir=state)
    assert engine.policy.profile.name == profile
    assert engine.policy.rules


def test_a_kept_database_finds_the_same(state: Path, tmp_path: Path) -> None:
    """Compiled anew, taken from the cache, or damaged there: the same findings."""
    segment = Segment(TEXT, Role.USER, Part.PROMPT, 0)
    fresh = load_engine("balanced", state_dir=tmp_path).scanner.scan([segment])
    assert fresh[0]
    kept = list((tmp_path / "cache").glob("*.hsdb"))
    assert len(kept) == 3  # databases of whole and growing texts, what was derived from the rules
    assert all(path.stat().st_mode & 0o077 == 0 for path in kept)
    assert load_engine("balanced", state_dir=tmp_path).scanner.scan([segment]) == fresh
    for path in kept:
        path.write_bytes(b"\nnot a database")
    assert load_engine("balanced", state_dir=tmp_path).scanner.scan([segment]) == fresh


@pytest.mark.parametrize(
    "text",
    ['{}, "blue"', "{}: word", "{} = correcthorse", '"{}": "sunflower42"', "the {} is tulips"],
)
@pytest.mark.parametrize("entity", ["secret.password-quoted", "secret.aws-access-key-id"])
def test_a_placeholder_is_no_context(state: Path, text: str, entity: str) -> None:
    """What stands behind one is judged as if it were not there."""
    engine = load_engine("balanced", state_dir=state)
    shown = text.format(engine.placeholders.mint(entity, "value"))
    segment = Segment(shown, Role.USER, Part.PROMPT, 0)
    assert engine.scanner.scan([segment]) == [()]


ADOPTING = """\
profile: adopting
title: What Presidio and detect-secrets find
level: {level}
packs: [{{pack: presidio}}, {{pack: detect-secrets, mode: shadow}}]
uninspectable: {{otherwise: alert}}
on-fault: block
"""


@pytest.mark.parametrize(("level", "found"), [(2, False), (4, True)])
def test_a_profile_may_take_the_packs_of_libraries(tmp_path: Path, level: int, found: bool) -> None:
    """Read from what is installed, at the level and in the mode that the profile says; kept
    databases serve them, too."""
    profile = tmp_path / "adopting.yaml"
    profile.write_text(ADOPTING.format(level=level))
    text = fill("call 192.0.2.7, ref {digit:13}, AKIA{base32:16}", "adopting")
    for _ in range(2):
        engine = load_engine(str(profile), state_dir=tmp_path)
        seen = {
            each.rule for each in engine.scanner.scan([Segment(text, Role.USER, Part.PROMPT, 0)])[0]
        }
        assert {"presidio.ip-1", "detect-secrets.aws-access-key-1"} <= seen
        assert ("presidio.us-bank-1" in seen) is found
        assert engine.policy.modes["detect-secrets.aws-access-key-1"] is Mode.SHADOW


def test_an_operators_pack_of_the_same_name_goes_first(tmp_path: Path) -> None:
    """What a library holds is not read then."""
    home = tmp_path / "packs" / "presidio"
    home.mkdir(parents=True)
    (home / "pack.yaml").write_text("{pack: presidio, version: 1, engine: 1, title: Own}\n")
    profile = tmp_path / "own.yaml"
    profile.write_text(
        ADOPTING.format(level=4).replace(", {pack: detect-secrets, mode: shadow}", "")
    )
    engine = load_engine(str(profile), state_dir=tmp_path, policies=tmp_path)
    assert not engine.policy.rules and engine.packs[0].title == "Own"


def test_shadow_and_enforce_turn_the_modes(state: Path) -> None:
    """`shadow` puts every pack in shadow; `enforce` takes it away from `observe`."""
    segment = Segment(TEXT, Role.USER, Part.PROMPT, 0)
    actions = []
    for profile, options in (
        ("balanced", {}),
        ("balanced", {"shadow": True}),
        ("observe", {}),
        ("observe", {"enforce": True}),
    ):
        engine = load_engine(profile, state_dir=state, **options)
        found = list(zip([segment], engine.scanner.scan([segment]), strict=True))
        decision = engine.decide(found, Direction.REQUEST, Principal(id="x"))
        actions.append(decision.action.value)
    assert actions == ["redact", "allow", "allow", "redact"]
    assert set(engine.policy.modes.values()) == {Mode.ENFORCE}


def test_the_digest_tells_versions_apart(state: Path) -> None:
    """Other modes, other digest; the same files, the same digest."""
    one, again, shadow = (
        load_engine("balanced", state_dir=state, shadow=shadow).policy.digest
        for shadow in (False, False, True)
    )
    assert one == again != shadow


def test_an_operators_profile_stands_before_the_shipped_one(state: Path, tmp_path: Path) -> None:
    """By the same name, from the folder given."""
    shipped = (policies_dir() / "profiles" / "balanced.yaml").read_text()
    (tmp_path / "profiles").mkdir()
    own = tmp_path / "profiles" / "balanced.yaml"
    own.write_text(shipped.replace("title: ", "title: Own, "))
    engine = load_engine("balanced", state_dir=state, policies=tmp_path)
    assert engine.policy.profile.title.startswith("Own, ")
    assert load_engine(str(own), state_dir=state).policy.profile.title.startswith("Own, ")


@pytest.mark.parametrize(
    ("old", "new", "fault", "text"),
    [
        ("expect: {action: redact}", "expect: {action: block}", PolicyError, "EXC-POL-009"),
        ("[secrets.private-key]", "[secrets.privat-key]", PolicyError, "EXC-POL-010"),
        ("pack: pci", "pack: pic", PolicyError, "packs/pic"),
    ],
)
def test_a_profile_that_does_not_hold_does_not_load(
    state: Path, tmp_path: Path, old: str, new: str, fault: type[Exception], text: str
) -> None:
    """Its own cases, its rules and its packs are checked before anything serves."""
    shipped = (policies_dir() / "profiles" / "balanced.yaml").read_text()
    path = tmp_path / "own.yaml"
    path.write_text(shipped.replace(old, new, 1))
    with pytest.raises(fault, match=text):
        load_engine(str(path), state_dir=state)


def test_an_unknown_profile_is_named_with_the_known_ones(state: Path) -> None:
    """So that a typo is mended at once."""
    with pytest.raises(ConfigError, match=", ".join(PROFILES)):
        load_engine("balanc", state_dir=state)


def test_own_records_and_secrets_are_read_from_the_state_folder(
    state: Path, tmp_path: Path
) -> None:
    """What was indexed is found under the profile, and a damaged index stops the start."""
    records = tmp_path / "customers.csv"
    records.write_text("name,mail\nMartha Vogelsang,martha@firm.example\n")
    secrets = tmp_path / "secrets"
    secrets.write_text("tulip-Fjord/29-lamp\n")
    places = ["--state-dir", str(tmp_path / "state")]
    assert main(["dictionary", "add", str(records), "--columns", "name,mail", *places]) == 0
    assert main(["known", "add", str(secrets), *places]) == 0
    engine = load_engine("balanced", state_dir=tmp_path / "state")
    text = "MARTHA VOGELSANG (martha@firm.example) xtulip-Fjord/29-lampx"
    found = engine.scanner.scan([Segment(text, Role.USER, Part.PROMPT, 0)])[0]
    assert {"exact-match.customers", "secret.known-value"} <= {each.entity for each in found}
    placeholder = engine.placeholders.mint("exact-match.customers", "x")
    blind = Segment(f"{placeholder} martha@firm.example", Role.USER, Part.PROMPT, 0)
    assert "exact-match.customers" not in {f.entity for f in engine.scanner.scan([blind])[0]}
    (tmp_path / "state/indexes/dictionary/customers").write_bytes(b"x")
    with pytest.raises(StateError, match="EXC-STA-002"):
        load_engine("balanced", state_dir=tmp_path / "state")


def test_answers_are_held_against_the_operators_lists_and_facts(tmp_path: Path) -> None:
    """Whole and in pieces, and users under age are known."""
    (tmp_path / "pip").write_text("requests\n")
    (tmp_path / "facts").write_text("facts: [{name: fee, about: [annual fee], value: 29 euros}]")
    places = ["--state-dir", str(tmp_path / "state")]
    assert main(["packages", "index", "pip", str(tmp_path / "pip"), *places]) == 0
    assert main(["facts", "load", "shop", str(tmp_path / "facts"), *places]) == 0
    profile = tmp_path / "answering.yaml"
    profile.write_text(
        "profile: answering\ntitle: Answers\nlevel: 2\npacks: [{pack: answers}, {pack: minors}]\n"
        "uninspectable: {otherwise: alert}\non-fault: block\n"
    )
    scanner = load_engine(str(profile), state_dir=tmp_path / "state").scanner
    text = "Run `pip install requests flazk`. The annual fee is 39 euros."
    answer = Segment(text, Role.ASSISTANT, Part.COMPLETION, 0)
    wanted = {"answer.unknown-package.pip", "answer.contradiction.fee"}
    for findings in (
        scanner.inspect([answer], Direction.RESPONSE).findings[0],
        scanner.scan([answer], whole=False)[0],
    ):
        assert {each.entity for each in findings} == wanted
    assert scanner.hold(text[:24]) < 24
    user = Segment("I'm 13 years old and like maths.", Role.USER, Part.PROMPT, 0)
    assert {f.entity for f in scanner.scan([user])[0]} == {"pii.minor"}


def test_the_operators_own_model_is_asked_and_must_load(state: Path, tmp_path: Path) -> None:
    """What it sees is ruled on; one that is not there stops the start with the mend."""
    nlp = spacy.blank("en")
    ruler = nlp.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": "PERSON", "pattern": "Quux Zyzzy"}])  # type: ignore[attr-defined]
    nlp.to_disk(tmp_path / "model")
    engine = load_engine(
        "balanced", state_dir=state, deep=f"spacy:{tmp_path / 'model'}", deep_seconds=30
    )
    found = engine.scanner.scan([Segment("ask Quux Zyzzy", Role.USER, Part.PROMPT, 0)])[0]
    assert ("deep.person", (4, 14)) in [(f.rule, f.span) for f in found]
    assert engine.scanner.is_slow
    with pytest.raises(ConfigError, match=r"EXC-CFG-004"):
        load_engine("balanced", state_dir=state, deep="spacy:no_such_model")


def test_the_operators_own_classifier_is_asked_about_what_is_grey(
    state: Path, tmp_path: Path
) -> None:
    """By a real ONNX model in a child, when the message is on its way, as its rule is in shadow; an
    open profile has it asked about every text."""
    folder = write_classifier(tmp_path / "model")
    profile = tmp_path / "open.yaml"
    said = "extends: balanced\nprofile: open\ntitle: t\njudge: {grey: {}}\n"
    profile.write_text(said, "utf-8")
    segment = Segment("bribe the miller", Role.USER, Part.PROMPT, 0)
    for name, rules in ((str(profile), ["judge.classifier"]), ("balanced", [])):
        engine = load_engine(name, state_dir=state, classifier=folder)
        assert engine.scanner.slow == {"sequence"}
        (found,) = engine.scanner.inspect_later([segment], Direction.REQUEST, 10.0).findings
        assert [each.rule for each in found if each.detector == "sequence"] == rules
    with pytest.raises(ConfigError, match=r"EXC-CFG-004"):
        load_engine("balanced", state_dir=state, classifier=tmp_path / "nothing")


def test_what_is_settled_is_not_searched_for_garbage() -> None:
    """Until it is let go again."""
    kept = [[]]
    try:
        settle()
        assert not any(each is kept for each in gc.get_objects()) and gc.get_freeze_count()
    finally:
        gc.unfreeze()
    assert any(each is kept for each in gc.get_objects())


def test_preparing_leaves_nothing_to_be_made_by_a_message(state: Path) -> None:
    """Nor does it change what is found; it waits between any two steps."""
    engine = load_engine("balanced", state_dir=state)
    segment = Segment(f"{TEXT}, phone 030 901820", Role.USER, Part.PROMPT, 0)
    found = engine.scanner.scan([segment])
    waited: list[float] = []
    prepare(engine, waited.append)
    rules = [rule for rule in engine.scanner.pattern.rules if not rule.rule.match.foreign]
    assert len(waited) > len(rules)
    assert all({"regex", "entry", "needs", "telling"} <= vars(rule).keys() for rule in rules)
    assert engine.scanner.scan([segment]) == found
