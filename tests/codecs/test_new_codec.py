"""The skeleton of a dialect: sound from the start, and red until somebody fills it in."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from architecture.sources import ROOT

from excise.codecs.base import Dialect

MODULES = ("acme_chat", "acme_chat_stream")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / "scripts").mkdir()
    shutil.copy(ROOT / "scripts" / "new-codec", tmp_path / "scripts")
    return tmp_path


def write(checkout: Path, name: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(checkout / "scripts" / "new-codec"), name]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_what_is_written_loads_and_is_red(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = write(checkout, "acme-chat")
    assert done.returncode == 0, done.stderr
    for module in MODULES:
        path = checkout / "addons" / "excise" / "codecs" / "dialects" / f"{module}.py"
        spec = importlib.util.spec_from_file_location(f"excise.codecs.dialects.{module}", path)
        assert spec is not None
        assert spec.loader is not None
        loaded = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, f"excise.codecs.dialects.{module}", loaded)
        spec.loader.exec_module(loaded)
        assert (checkout / "tests" / "codecs" / "dialects" / f"test_{module}.py").is_file()
    dialect: Dialect = sys.modules["excise.codecs.dialects.acme_chat"].AcmeChat(
        loaded.AcmeChatStream
    )
    assert [segment.text for segment in dialect.read_request(b'{"a":"b"}').segments] == ["a", "b"]
    reader = dialect.open_stream("text/event-stream")
    assert reader is not None
    fixture = (checkout / "tests" / "wire" / "acme-chat" / "text.jsonl").read_bytes()
    body = b"".join(b"data: %s\n\n" % line for line in fixture.splitlines())
    assert [len(event.deltas) for event in reader.feed(body)] == [1, 1, 0]
    assert dialect.open_stream("text/event-stream").close("No.") == b""  # which its test refuses


def test_what_is_written_is_written_well(checkout: Path) -> None:
    write(checkout, "acme-chat")
    ruff = Path(sys.executable).with_name("ruff")
    config = ["--config", str(ROOT / "pyproject.toml")]
    # Where its imports are sorted in depends on its name.
    for command in (["check", "--no-cache", "--ignore=I001"], ["format", "--check", "--no-cache"]):
        places = [str(checkout / "addons"), str(checkout / "tests")]
        done = subprocess.run(
            [str(ruff), *command, *config, *places], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout


def test_nothing_is_written_over(checkout: Path) -> None:
    write(checkout, "acme-chat")
    again = write(checkout, "acme-chat")
    assert again.returncode == 1
    assert "exists already" in again.stderr


@pytest.mark.parametrize("name", ["", "Acme", "acme", "acme_chat", "../x-y"])
def test_a_name_is_like_those_of_the_others(checkout: Path, name: str) -> None:
    assert write(checkout, name).returncode == 2
    assert not (checkout / "addons").exists()
