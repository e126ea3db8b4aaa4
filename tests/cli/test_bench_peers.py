"""Peers are run as their users run them, and find what they are known for."""

import sys
from pathlib import Path

import pytest

from excise.cli.bench_peers import (
    JOBS,
    PEERS,
    PEERS_HOME,
    PeerMissing,
    detect_secrets_files,
    llm_guard_secrets,
    presidio_patterns,
)
from excise.rules.fillers import fill

TEXT = fill('key = "AKIA{base32:16}"\ncard {pan:visa}\n', "peers")


def test_each_peer_has_a_job() -> None:
    """That packs of ours do, too."""
    assert JOBS.keys() == PEERS.keys()


def test_detect_secrets_reads_the_text() -> None:
    """Through a file."""
    found = detect_secrets_files()(TEXT)
    types = {secret.type for _, secret in found}  # type: ignore[attr-defined]
    assert "AWS Access Key" in types


def test_presidio_reads_the_text() -> None:
    """Without a model and without a network."""
    found = presidio_patterns()(TEXT)
    assert "CREDIT_CARD" in {each.entity_type for each in found}  # type: ignore[attr-defined]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment for peers that has nothing but this Python."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to(sys.executable)
    monkeypatch.setenv(PEERS_HOME, str(tmp_path))
    return tmp_path


def test_a_peer_that_is_not_installed_says_so(home: Path) -> None:
    """Where there is no environment, and where nothing in it answers."""
    with pytest.raises(PeerMissing, match="anew"):
        llm_guard_secrets()(TEXT)
    (home / "bin" / "python").unlink()
    with pytest.raises(PeerMissing, match="setup-peers"):
        llm_guard_secrets()


def test_a_peer_answers_from_a_process_of_its_own(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One text a line, whatever is in it."""
    package = home / "llm_guard" / "input_scanners"
    package.mkdir(parents=True)
    scanner = (
        "class Secrets:\n    def scan(self, text):\n        return text, 'AKIA' not in text, 0\n"
    )
    (package / "secrets.py").write_text(scanner)
    (home / "structlog.py").write_text(
        "def configure(**_): ...\ndef make_filtering_bound_logger(_): ...\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(home))
    look = llm_guard_secrets()
    assert [look(TEXT), look("fine\n"), look(TEXT)] == [False, True, False]
    look.close()
