"""Settings come from four places in order; what cannot be is refused with where it stands."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import excise
from excise.config import NOT_SETTINGS, SETTING_NAMES, Settings, load_settings
from excise.errors import ConfigError
from excise.kinds import KINDS


def load(home: Path, arguments: dict[str, Any] | None = None, **environ: str) -> Settings:
    return load_settings(arguments, environ={"HOME": str(home), **environ}, platform="linux")


def write(home: Path, text: str) -> Path:
    path = home / ".config" / "excise" / "excise.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(text, "utf-8")
    return path


def test_the_table_and_the_settings_agree() -> None:
    assert set(KINDS) == set(SETTING_NAMES)


def test_defaults_are_safe_and_under_the_home(tmp_path: Path) -> None:
    settings = load(tmp_path)
    assert settings.address == ("127.0.0.1", 8080)
    assert settings.state_dir == tmp_path / ".local" / "state" / "excise"
    assert settings.ca_dir == settings.state_dir / "ca"
    assert settings.audit.parent.parent == settings.state_dir
    assert (settings.refusals, settings.fail_status) == ("uniform", 400)


def test_macos_has_its_own_folders(tmp_path: Path) -> None:
    settings = load_settings(environ={"HOME": str(tmp_path)}, platform="darwin")
    assert settings.state_dir == tmp_path / "Library" / "Application Support" / "excise"


@pytest.mark.parametrize(("value", "used"), [("state", False), ("/state", True)])
def test_a_relative_xdg_folder_is_ignored(tmp_path: Path, value: str, used: bool) -> None:
    settings = load(tmp_path, XDG_STATE_HOME=value)
    assert (settings.state_dir == Path("/state/excise")) is used


def test_each_place_overrides_the_one_before(tmp_path: Path) -> None:
    write(tmp_path, "listen: 127.0.0.1:1\nprofile: strict\nfail-status: 503\nresolve: [a=b, c=d]\n")
    environ = {"EXCISE_LISTEN": "127.0.0.1:2", "EXCISE_SHADOW": "yes", "EXCISE_PROFILE": "observe"}
    settings = load(tmp_path, {"listen": "127.0.0.1:3", "profile": None, "other": 1}, **environ)
    assert settings.listen == "127.0.0.1:3"
    assert (settings.profile, settings.fail_status, settings.shadow) == ("observe", 503, True)
    assert settings.resolve == ("a=b", "c=d")
    assert settings.origins["listen"] == "--listen"
    assert settings.origins["profile"] == "EXCISE_PROFILE"
    assert settings.origins["fail_status"].endswith("excise.yaml:3")


def test_folders_follow_the_state_folder_unless_named(tmp_path: Path) -> None:
    settings = load(tmp_path, {"state_dir": "/s", "ca_dir": Path("/c")})
    assert (settings.ca_dir, settings.audit) == (Path("/c"), Path("/s/audit/audit.jsonl"))


@pytest.mark.parametrize(
    ("listen", "url"),
    [
        ("127.0.0.1:8080", "http://127.0.0.1:8080"),
        (":9", "http://127.0.0.1:9"),
        ("0.0.0.0:9", "http://127.0.0.1:9"),
        ("[::1]:9", "http://[::1]:9"),
        ("[::]:9", "http://[::1]:9"),
    ],
)
def test_clients_are_told_an_address_they_can_reach(tmp_path: Path, listen: str, url: str) -> None:
    assert load(tmp_path, {"listen": listen}).url == url


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("listen", "8080"),
        ("listen", "::1:80"),
        ("listen", "127.0.0.1:99999"),
        ("mode", "sideways"),
        ("refusals", "loud"),
        ("fail_status", "200"),
        ("workers", "0"),
        ("max_body", "many"),
        ("max_ratio", "0"),
        ("drain_seconds", "-1"),
        ("drain_seconds", "nan"),
        ("shadow", "perhaps"),
        ("profile", "\x1b[2J"),
    ],
)
def test_an_impossible_value_is_refused_with_its_origin(
    tmp_path: Path, name: str, value: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        load(tmp_path, **{f"EXCISE_{name.upper()}": value})
    assert refused.value.code == "EXC-CFG-001"
    assert f"EXCISE_{name.upper()}" in str(refused.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("lissen: x\n", 'Did you mean "listen"?'),
        ("shadow: 1\n", "shadow has a value"),
        ("workers: 1.5\n", "workers has a value"),
        ("workers: true\n", "workers has a value"),
        ("listen: a:1\nlisten: a:2\n", "stands twice"),
        ("- one\n", "wanted a mapping"),
        ("a: [", "not YAML"),
    ],
)
def test_a_wrong_file_is_refused_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(ConfigError) as refused:
        load(tmp_path)
    assert said in str(refused.value) and str(path) in str(refused.value)


def test_an_unknown_variable_of_ours_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match='Did you mean "listen"'):
        load(tmp_path, EXCISE_LISTN="x")


def test_variables_that_are_no_settings_are_left_alone(tmp_path: Path) -> None:
    others = dict.fromkeys(NOT_SETTINGS - {"EXCISE_CONFIG"}, "1")
    assert load(tmp_path, **others).origins == {}


def test_every_variable_the_code_speaks_of_is_known() -> None:
    package = Path(excise.__file__).parent
    spoken = {
        name
        for file in package.rglob("*.py")
        for name in re.findall(r"EXCISE_[A-Z_]+[A-Z]", file.read_text("utf-8"))
    }
    assert spoken <= NOT_SETTINGS | {f"EXCISE_{name.upper()}" for name in KINDS}


def test_a_named_file_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        load(tmp_path, EXCISE_CONFIG=str(tmp_path / "none.yaml"))
    assert refused.value.code == "EXC-CFG-003"
    (tmp_path / "bad.yaml").write_bytes(b"\xff")
    with pytest.raises(ConfigError, match="not UTF-8"):
        load(tmp_path, EXCISE_CONFIG=str(tmp_path / "bad.yaml"))
    (tmp_path / "empty.yaml").write_text("")
    assert load(tmp_path, EXCISE_CONFIG=str(tmp_path / "empty.yaml")).origins == {}


def test_a_password_in_a_value_is_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        load(tmp_path, EXCISE_LISTEN="http://ann:planted@proxy")
    assert "planted" not in str(refused.value)
