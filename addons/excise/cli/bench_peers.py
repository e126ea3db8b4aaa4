"""What others take for the same text, run the way their users run them."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

Look = Callable[[str], object]


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


PEERS: Final[Mapping[str, Callable[[], Look]]] = {
    "detect-secrets, file API": detect_secrets_files,
    "Presidio, stock patterns": presidio_patterns,
}
