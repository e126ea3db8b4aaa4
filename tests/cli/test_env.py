"""What is printed means the same to every shell, and points each runtime at proxy and CA."""

from __future__ import annotations

import configparser
import json
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from excise.catalogue import Catalogue, load_catalogue
from excise.cli.env import (
    DIRECT,
    JAVA,
    REPLACE_STORE,
    SHELLS,
    build_variables,
    for_docker,
    for_environment_d,
    for_fish,
    for_powershell,
    for_sh,
    for_wsl,
    hides_llm_host,
    java_name,
    java_options,
    kept_direct,
    prepare_variables,
)
from excise.cli.main import main
from excise.config import Settings, load_settings
from excise.resources import policies_dir
from excise.state.bundle import read_certificates
from excise.state.ca import ensure_ca


def settings(home: Path, listen: str = "127.0.0.1:8080") -> Settings:
    return load_settings({"listen": listen}, environ={"HOME": str(home)}, platform="linux")


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue((policies_dir() / "hosts.yaml").read_text("utf-8"), "hosts.yaml")


def test_what_adds_gets_the_ca_and_what_replaces_gets_the_bundle(tmp_path: Path) -> None:
    where = settings(tmp_path)
    variables = prepare_variables(where, {})
    ca = ensure_ca(where.ca_dir).cert_pem
    assert variables["NODE_EXTRA_CA_CERTS"] == str(ca)
    assert {variables[name] for name in REPLACE_STORE} == {str(where.bundle)}
    assert read_certificates(ca)[0] in read_certificates(where.bundle)
    assert variables["https_proxy"] == variables["HTTPS_PROXY"] == "http://127.0.0.1:8080"
    assert set(DIRECT) <= set(variables["no_proxy"].split(","))
    assert variables["NODE_USE_ENV_PROXY"] == "1"


def test_roots_that_node_was_given_before_stay(tmp_path: Path) -> None:
    where = settings(tmp_path)
    other = ensure_ca(tmp_path / "company").cert_pem
    variables = prepare_variables(where, {"NODE_EXTRA_CA_CERTS": str(other)})
    assert variables["NODE_EXTRA_CA_CERTS"] == str(where.bundle)
    assert read_certificates(other)[0] in read_certificates(where.bundle)


@pytest.mark.parametrize(
    ("entry", "hidden"),
    [
        ("*", True),
        ("api.openai.com", True),
        ("API.OpenAI.com:443", True),
        (".openai.com", True),
        ("*.openai.com", True),
        ("com", True),
        ("localhost", False),
        ("example.org", False),
        ("notopenai.com", False),
        ("penai.com", False),
        ("10.0.0.0/8", False),
        ("", False),
    ],
)
def test_an_entry_that_hides_an_llm_host_is_seen(
    catalogue: Catalogue, entry: str, hidden: bool
) -> None:
    assert bool(hides_llm_host(entry, catalogue)) is hidden
    assert kept_direct(entry, catalogue) == ([] if hidden or not entry else [entry])


values = st.text(st.characters(codec="utf-8", exclude_characters="\0\n\r"), min_size=1, max_size=20)


@given(values)
def test_sh_reads_back_what_was_meant(text: str) -> None:
    line = for_sh({"NAME": text}, None)  # type: ignore[arg-type]
    assert shlex.split(line) == ["export", f"NAME={text}"]


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_a_real_shell_takes_hard_values(shell: str) -> None:
    text = 'it\'s a "$HOME" `id` \\ path!'
    code = for_sh({"NAME": text}, None) + '\nprintf %s "$NAME"'  # type: ignore[arg-type]
    assert subprocess.run([shell, "-c", code], capture_output=True, text=True).stdout == text


def test_fish_and_powershell_quote_their_own_way() -> None:
    hard = {"N": "it's \\ $x"}
    assert for_fish(hard, None) == "set -gx N 'it\\'s \\\\ $x'"  # type: ignore[arg-type]
    assert for_powershell(hard, None) == "${env:N} = 'it''s \\ $x'"  # type: ignore[arg-type]


@pytest.mark.skipif(not shutil.which("fish"), reason="no fish on this machine")
@pytest.mark.parametrize("text", ["it's \\ $HOME `id` \\\\' end", "plain"])
def test_a_real_fish_takes_hard_values(text: str) -> None:
    code = for_fish({"NAME": text}, None) + "; printf %s $NAME"  # type: ignore[arg-type]
    assert subprocess.run(["fish", "-c", code], capture_output=True, text=True).stdout == text


def test_wsl_is_told_which_variables_are_paths(tmp_path: Path) -> None:
    lines = for_wsl(prepare_variables(settings(tmp_path), {}), settings(tmp_path)).splitlines()
    assert lines[0] == "${env:HTTPS_PROXY} = 'http://127.0.0.1:8080'"
    passed = lines[-1].split("'")[1].split(":")
    assert {"HTTPS_PROXY", "no_proxy", "SSL_CERT_FILE/p", "NODE_EXTRA_CA_CERTS/p"} <= set(passed)
    assert not any(name.startswith(JAVA) for name in passed)


def test_environment_d_quotes_what_systemd_would_expand() -> None:
    assert for_environment_d({"N": 'a"$b\\c'}, None) == 'N="a\\"\\$b\\\\c"'  # type: ignore[arg-type]


def test_git_reads_its_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["env", "--shell", "gitconfig", "--state-dir", str(tmp_path)]) == 0
    file = tmp_path / "gitconfig"
    file.write_text(capsys.readouterr().out)
    read = configparser.ConfigParser()
    read.read(file)
    assert read["http"]["proxy"] == "http://127.0.0.1:8080"
    if shutil.which("git"):
        asked = ["git", "config", "--file", str(file), "http.sslCAInfo"]
        said = subprocess.run(asked, capture_output=True, text=True).stdout.strip()
        assert said == str(tmp_path / "bundle.pem")


def test_vscode_gets_settings_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["env", "--shell", "vscode", "--state-dir", str(tmp_path), "--listen", ":9"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["http.proxy"] == "http://127.0.0.1:9"
    assert shown["http.proxyStrictSSL"] is True
    assert shown["terminal.integrated.env.linux"]["HTTPS_PROXY"] == "http://127.0.0.1:9"


@pytest.mark.parametrize(
    ("listen", "reach", "url"),
    [
        ("127.0.0.1:8080", "--network=host", "http://127.0.0.1:8080"),
        (
            "0.0.0.0:8080",
            "--add-host=host.docker.internal:host-gateway",
            "http://host.docker.internal:8080",
        ),
    ],
)
def test_docker_gets_arguments_that_reach_the_proxy(
    tmp_path: Path, listen: str, reach: str, url: str
) -> None:
    where = settings(tmp_path, listen)
    variables = build_variables(where.url, extra="x", bundle="y", truststore="z")
    words = shlex.split(for_docker(variables, where))
    assert words[0] == reach
    assert f"--env=HTTPS_PROXY={url}" in words
    assert "--env=SSL_CERT_FILE=/etc/excise/bundle.pem" in words
    assert words[1].startswith(f"--mount=type=bind,source={where.bundle},")
    assert words[2].startswith(f"--mount=type=bind,source={where.truststore},")
    java = next(word for word in words if word.startswith(f"--env={JAVA}="))
    assert "-Djavax.net.ssl.trustStore=/etc/excise/truststore.p12" in java
    assert f"-Dhttps.proxyHost={url.removeprefix('http://').partition(':')[0]}" in java


def test_docker_is_given_each_argument_whole(tmp_path: Path) -> None:
    where = settings(tmp_path)
    text = for_docker(prepare_variables(where, {}), where)
    (tmp_path / "said").write_text(text)
    code = 'docker() { printf "%s\\n" "$@"; }; eval docker run $(cat said) IMAGE'
    done = subprocess.run(["sh", "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert done.stdout.splitlines() == ["run", *shlex.split(text), "IMAGE"]


def test_java_gets_its_properties_and_keeps_other_options(tmp_path: Path) -> None:
    where = settings(tmp_path, "[::1]:8080")
    first = prepare_variables(where, {JAVA: "-Xmx64m -Dhttps.proxyHost=old -Dx.y=1"})[JAVA]
    assert first.startswith("-Xmx64m -Dx.y=1 -Dhttps.proxyHost=::1 -Dhttps.proxyPort=8080 ")
    assert "old" not in first and str(where.truststore) in first
    assert prepare_variables(where, {JAVA: first})[JAVA] == first


@given(st.lists(st.sampled_from(["-Xmx64m", "-Da=b", "-verbose"]), max_size=3), st.booleans())
def test_java_options_said_twice_are_said_once(before: list[str], space: bool) -> None:
    store = "/a b/store.p12" if space else "/ab/store.p12"
    once = java_options("http://127.0.0.1:1", store, DIRECT, " ".join(before))
    assert java_options("http://127.0.0.1:1", store, DIRECT, once) == once
    assert shlex.split(once)[: len(before)] == before
    assert f"-Djavax.net.ssl.trustStore={store}" in shlex.split(once)


@pytest.mark.parametrize(
    ("entry", "name"),
    [
        ("localhost", "localhost"), ("127.0.0.1", "127.0.0.1"), ("::1", "[::1]"),
        (".example.org", "*.example.org"), ("example.org:8443", "example.org"), ("10.0.0.0/8", ""),
    ],
)  # fmt: skip
def test_entries_of_no_proxy_have_their_javan_spelling(entry: str, name: str) -> None:
    assert java_name(entry) == name


def test_every_shell_prints_without_a_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for shell in SHELLS:
        assert main(["env", "--shell", shell, "--state-dir", str(tmp_path)]) == 0
        assert "127.0.0.1:8080" in capsys.readouterr().out


def test_a_wrong_setting_is_one_line_and_exit_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["env", "--listen", "nowhere"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("excise: --listen") and said.count("\n") == 1
