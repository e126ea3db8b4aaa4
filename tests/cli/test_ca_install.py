"""Our CA goes into real stores and comes out again, and nothing else of them changes."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization.pkcs12 import load_pkcs12

from excise.cli import ca_install
from excise.cli.ca_install import plan, script
from excise.cli.main import main
from excise.cli.stores import ALIAS, Machine
from excise.errors import ConfigError
from excise.state.bundle import read_certificates
from excise.state.ca import NAME, CaFiles, create_ca, ensure_ca
from excise.state.truststore import PASSWORD, build_truststore

DEBIAN_TOOL = shutil.which("update-ca-certificates", path=f"{os.environ['PATH']}:/usr/sbin")


@pytest.fixture
def files(tmp_path: Path) -> CaFiles:
    return ensure_ca(tmp_path / "ca")


def install(files: CaFiles, *words: str) -> int:
    return main(["ca", "install", "--ca-dir", str(files.cert_pem.parent), *words])


@pytest.mark.skipif(not DEBIAN_TOOL, reason="no update-ca-certificates on this machine")
def test_debians_bundle_holds_it_until_it_is_undone(files: CaFiles, tmp_path: Path) -> None:
    root = tmp_path / "root"
    for folder in ("etc/ssl/certs", "etc/ca-certificates/update.d", "usr/share/ca-certificates"):
        (root / folder).mkdir(parents=True)
    (root / "usr/local/share/ca-certificates").mkdir(parents=True)
    public = ensure_ca(tmp_path / "public").cert_pem
    shutil.copy(public, root / "usr/share/ca-certificates/public.crt")
    (root / "etc/ca-certificates.conf").write_text("public.crt\n")
    bundle, words = root / "etc/ssl/certs/ca-certificates.crt", ("--root", str(root))
    ours, other = read_certificates(files.cert_pem)[0], read_certificates(public)[0]
    assert install(files, *words) == 0
    assert set(read_certificates(bundle)) == {ours, other}
    before = sorted(path.name for path in (root / "etc/ssl/certs").iterdir())
    assert install(files, *words) == 0
    assert sorted(path.name for path in (root / "etc/ssl/certs").iterdir()) == before
    assert install(files, "--undo", *words) == install(files, "--undo", *words) == 0
    assert read_certificates(bundle) == [other]
    assert not list(root.rglob("*excise*"))


@pytest.mark.skipif(not shutil.which("keytool"), reason="no Java on this machine")
def test_javas_store_holds_it_until_it_is_undone(
    files: CaFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = tmp_path / "jdk/lib/security/cacerts"
    store.parent.mkdir(parents=True)
    other = ensure_ca(tmp_path / "other").cert_pem
    store.write_bytes(build_truststore(read_certificates(other)))
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "jdk"))
    monkeypatch.setattr(os, "geteuid", lambda: 0)

    def aliases() -> set[bytes | None]:
        held = load_pkcs12(store.read_bytes(), PASSWORD.encode()).additional_certs
        return {each.friendly_name for each in held}

    assert install(files, "--store", "java") == 0
    assert aliases() == {b"root-0", ALIAS.encode()}
    assert install(files, "--store", "java", "--undo") == 0
    assert aliases() == {b"root-0"}


@pytest.mark.skipif(not shutil.which("certutil"), reason="no certutil on this machine")
def test_firefoxs_profile_holds_it_until_it_is_undone(
    files: CaFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    profile = tmp_path / ".mozilla/firefox/ab.default"
    profile.mkdir(parents=True)
    subprocess.run(["certutil", "-N", "-d", f"sql:{profile}", "--empty-password"], check=True)

    def listed() -> str:
        words = ["certutil", "-L", "-d", f"sql:{profile}"]
        return subprocess.run(words, capture_output=True, text=True).stdout

    assert install(files, "--store", "nss") == install(files, "--store", "nss") == 0
    assert listed().count(NAME) == 1 and "C,," in listed()
    assert install(files, "--store", "nss", "--undo") == 0
    assert NAME not in listed()


def test_what_is_printed_is_a_script_and_nothing_is_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], files: CaFiles
) -> None:
    machine = Machine(Path("/"), tmp_path / "it's home", {"PATH": ""}, "darwin")
    for undo in (False, True):
        text = script(plan(machine, files.cert_pem, "AB", ["macos"], undo=undo))
        assert subprocess.run(["sh", "-n", "-c", text]).returncode == 0
        assert text.startswith("set -e\n# macos") and "security " in text
    assert main(["ca", "install", "--print", "--ca-dir", str(tmp_path / "none")]) == 2
    assert "EXC-STA-003" in capsys.readouterr().err and not (tmp_path / "none").exists()


def test_a_store_that_is_not_here_or_another_users_is_told(
    tmp_path: Path, files: CaFiles, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    assert install(files, "--root", str(tmp_path)) == 2
    assert install(files, "--store", "macos", "--root", str(tmp_path)) == 2
    assert capsys.readouterr().err.count("EXC-CFG-004") == 2
    step = ca_install.Step(("false",))
    monkeypatch.setattr(ca_install, "plan", lambda *_, **__: {"debian": [step]})
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert install(files) == 2
    assert "--store debian --print | sudo sh" in capsys.readouterr().err
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert install(files) == 2
    assert "false failed" in capsys.readouterr().err
    with pytest.raises(ConfigError, match="no-such-tool"):
        ca_install._run(ca_install.Step(("/no-such-tool",)))
    ca_install._run(ca_install.Step(("/no-such-tool",), may_fail=True))


def test_a_ca_that_is_not_limited_is_remarked_upon(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for folder, only, remarks in (("any", [], 1), ("few", ["openai.com"], 0)):
        files = create_ca(tmp_path / folder, only_for=only)
        install(files, "--root", str(tmp_path))
        assert capsys.readouterr().err.count("every host") == remarks
