"""What others take for the same text, run the way their users run them."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

Look = Callable[[str], object]
PEERS_HOME: Final = "EXCISE_PEERS"
_HOME: Final = ".venv-peers"  # below the folder in which the command runs
# LLM Guard needs a Python and packages of its own, so it answers from a process of its own: a text
# a line in JSON, and whether it stands. Its log goes nowhere.
_LLM_GUARD: Final = """
import json, logging, sys
answers, sys.stdout = sys.stdout, sys.stderr
import structlog
structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
from llm_guard.input_scanners.secrets import Secrets
scanner = Secrets()
for line in sys.stdin:
    print(json.dumps(scanner.scan(json.loads(line))[1]), file=answers, flush=True)
"""


class PeerMissing(Exception):
    """A peer that is not installed here; the text says what to run."""


def detect_secrets_files() -> Look:
    """detect-secrets on a file, all its plugins in their default settings, no verification."""
    from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
    from detect_secrets.core.secrets_collection import SecretsCollection
    from detect_secrets.settings import transient_settings

    classes: list[type] = list(get_mapping_from_secret_type_to_class().values())
    config = {"plugins_used": [{"name": each.__name__} for each in classes]}
    folder = tempfile.mkdtemp(prefix="excise-peer-")

    def look(text: str) -> object:
        path = Path(folder) / "text.txt"
        path.write_text(text, "utf-8")
        with transient_settings(config):
            found = SecretsCollection()
            found.scan_file(str(path))
        return found

    return look


def presidio_patterns() -> Look:
    """Presidio's stock recognizers over a blank spaCy pipeline: no model of names."""
    import spacy
    import tldextract
    from presidio_analyzer import AnalyzerEngine
    from presidio_analyzer.nlp_engine import SpacyNlpEngine

    tldextract.tldextract.TLD_EXTRACTOR = tldextract.TLDExtract(suffix_list_urls=())
    nlp = SpacyNlpEngine()
    nlp.nlp = {"en": spacy.blank("en")}  # type: ignore[assignment]
    engine = AnalyzerEngine(nlp_engine=nlp, supported_languages=["en"])
    return lambda text: engine.analyze(text, language="en")


class OwnProcess:
    """A peer in a process of its own; a `Look`."""

    def __init__(self, python: Path, code: str) -> None:
        self._child = subprocess.Popen(
            [str(python), "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def __call__(self, text: str) -> object:
        """Its answer. Raises `PeerMissing` where it has ended."""
        answer = ""
        if self._child.stdin and self._child.stdout:
            with suppress(BrokenPipeError):
                self._child.stdin.write(json.dumps(text) + "\n")
                self._child.stdin.flush()
                answer = self._child.stdout.readline()
        if not answer:
            self.close()
            raise PeerMissing("does not start: run scripts/setup-peers anew")
        return json.loads(answer)

    def close(self) -> None:
        """End it."""
        self._child.kill()
        with suppress(BrokenPipeError, ValueError):
            self._child.communicate()


def llm_guard_secrets() -> OwnProcess:
    """LLM Guard's Secrets in its own environment (`scripts/setup-peers`). Raises `PeerMissing`."""
    python = Path(os.environ.get(PEERS_HOME, _HOME)) / "bin" / "python"
    if not python.is_file():
        raise PeerMissing("not here: run scripts/setup-peers")
    return OwnProcess(python, _LLM_GUARD)


JOBS: Final[Mapping[str, tuple[str, ...]]] = {
    "detect-secrets, file API": ("secrets",),
    "Presidio, stock patterns": ("gdpr", "pci"),
    "LLM Guard, Secrets": ("secrets",),
}
"""By peer the packs that look for what it looks for."""

PEERS: Final[Mapping[str, Callable[[], Look]]] = {
    "detect-secrets, file API": detect_secrets_files,
    "Presidio, stock patterns": presidio_patterns,
    "LLM Guard, Secrets": llm_guard_secrets,
}
