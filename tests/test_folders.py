"""The operator's files stand before the shipped ones, and are checked where a key is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from excise.assemble import load_engine, read_profile
from excise.cli.main import main
from excise.errors import ConfigError, PolicyError
from excise.folders import Folders, open_folders
from excise.resources import policies_dir

OURS = """\
profile: ours
extends: balanced
title: Ours
level: 3
packs: [{pack: pci, mode: shadow}, {pack: finance, mode: shadow}]
clauses:
  - {id: own-code-is-told, when: {rules: [source-code.own]}, then: block}
  - {id: more, when: {rules: [gdpr.email]}, then: alert}
note: Keep placeholders.
"""


@pytest.fixture
def own(tmp_path: Path) -> Path:
    folder = tmp_path / "policy"
    (folder / "profiles").mkdir(parents=True)
    (folder / "profiles" / "ours.yaml").write_text(OURS)
    return folder


def test_what_extends_another_says_the_rest(own: Path) -> None:
    text, ours = read_profile("ours", Folders(own))
    _, base = read_profile("balanced", Folders(None))
    assert text.startswith(OURS) and "profile: balanced" in text, "both count for the digest"
    assert [use.name for use in ours.packs] == [*(use.name for use in base.packs), "finance"]
    modes = {use.name: use.mode for use in ours.packs}
    assert (modes["pci"], modes["gdpr"]) == ("shadow", None)
    assert [clause.id for clause in ours.clauses] == [*(c.id for c in base.clauses), "more"]
    assert {clause.id: clause.then for clause in ours.clauses}["own-code-is-told"] == "block"
    assert (ours.level, ours.note, ours.cases) == (3, "Keep placeholders.", ())
    assert ours.uninspectable_by_reason == base.uninspectable_by_reason
    assert (ours.on_fault, ours.images) == (base.on_fault, base.images)
    assert ours.clauses[0].origin.startswith("policies/profiles/balanced.yaml:")


@pytest.mark.parametrize(
    ("base", "code"), [("ours", "EXC-POL-015"), ("other", "EXC-POL-015"), ("none", "EXC-CFG-003")]
)
def test_what_extends_itself_or_nothing_is_refused(own: Path, base: str, code: str) -> None:
    (own / "profiles" / "ours.yaml").write_text(f"profile: ours\nextends: {base}\ntitle: T\n")
    (own / "profiles" / "other.yaml").write_text("profile: other\nextends: ours\ntitle: T\n")
    with pytest.raises((PolicyError, ConfigError)) as refused:
        read_profile("ours", Folders(own))
    assert refused.value.code == code


def test_a_signed_folder_is_in_force_and_a_changed_one_is_not(
    own: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state, public = tmp_path / "state", tmp_path / "policy.pem"
    secret = ["--key", str(tmp_path / "keys" / "signing.key")]
    assert main(["policy", "key", *secret, "--state-dir", str(state)]) == 0
    public.write_text(capsys.readouterr().out)

    def load(profile: str = "ours") -> str:
        engine = load_engine(profile, state_dir=state, policies=own, policy_key=public)
        return engine.policy.digest

    with pytest.raises(PolicyError, match="not signed"):
        load()
    sign = ["policy", "sign", "--policies", str(own), *secret, "--state-dir", str(state)]
    assert main(sign) == 0
    assert "1 files signed by" in capsys.readouterr().out
    first = load()
    # An exception would weaken the policy, so it is signed as the rest is.
    waiver = "exceptions:\n  - {rules: [gdpr.email], because: Why., until: 2099-01-01}\n"
    (own / "exceptions.yaml").write_text(waiver)
    with pytest.raises(PolicyError, match="nobody signed"):
        load()
    assert main(sign) == 0
    assert load() != first
    elsewhere = tmp_path / "elsewhere.yaml"
    elsewhere.write_text(OURS)
    with pytest.raises(PolicyError, match="nobody signed"):
        load(str(elsewhere))
    (own / "profiles" / "ours.yaml").write_text(OURS.replace("then: block", "then: allow"))
    with pytest.raises(PolicyError, match="changed since"):
        load()


def test_a_key_without_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="needs a folder"):
        open_folders(None, tmp_path / "key.pem")


def test_a_folder_that_is_not_there_cannot_be_signed(tmp_path: Path) -> None:
    where = ["--policies", str(tmp_path / "absent"), "--state-dir", str(tmp_path / "state")]
    assert main(["policy", "sign", *where]) == 2


def test_the_replies_count_for_the_digest(own: Path, tmp_path: Path) -> None:
    def digest() -> str:
        return load_engine("ours", state_dir=tmp_path / "s", policies=own).policy.digest

    before = digest()
    shipped = (policies_dir() / "replies.yaml").read_text("utf-8")
    (own / "replies.yaml").write_text(shipped + "# another\n")
    assert digest() != before


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    """What ships would be in force in its place."""
    file = tmp_path / "file"
    file.touch()
    for path in (tmp_path / "absent", file):
        with pytest.raises(ConfigError, match="no such folder"):
            open_folders(path)
