"""Peers are run as their users run them, and find what they are known for."""

from excise.cli.bench_peers import detect_secrets_files, presidio_patterns
from excise.rules.fillers import fill

TEXT = fill('key = "AKIA{base32:16}"\ncard {pan:visa}\n', "peers")


def test_detect_secrets_reads_the_text() -> None:
    """Through a file."""
    found = detect_secrets_files()(TEXT)
    types = {secret.type for _, secret in found}  # type: ignore[attr-defined]
    assert "AWS Access Key" in types


def test_presidio_reads_the_text() -> None:
    """Without a model and without a network."""
    found = presidio_patterns()(TEXT)
    assert "CREDIT_CARD" in {each.entity_type for each in found}  # type: ignore[attr-defined]
