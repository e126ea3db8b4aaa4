"""A CA that is made without a word vouches for LLM hosts and this machine alone."""

from __future__ import annotations

import ipaddress
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509

from excise.catalogue import load_catalogue
from excise.cli.authority import ensure_authority, unvouched
from excise.config import Settings
from excise.resources import policies_dir
from excise.state.ca import check_ca, ensure_ca, not_vouched_for

OWN = """\
version: 1
families: {openai: []}
hosts:
  - provider: us
    kind: api
    hosts: ['*.llm.corp']
"""


def config(tmp_path: Path, **told: object) -> Settings:
    return Settings(state_dir=tmp_path, ca_dir=tmp_path / "ca", audit=tmp_path / "a", **told)  # type: ignore[arg-type]


def limits(tmp_path: Path, **told: object) -> x509.NameConstraints | None:
    cert = check_ca(ensure_authority(config(tmp_path, **told)))
    try:
        return cert.extensions.get_extension_for_class(x509.NameConstraints).value
    except x509.ExtensionNotFound:
        return None


def test_it_is_limited_to_the_catalogue_and_this_machine(tmp_path: Path) -> None:
    found = limits(tmp_path)
    assert found is not None and found.permitted_subtrees is not None
    names = {each.value for each in found.permitted_subtrees}
    assert {"api.openai.com", "openai.azure.com", "amazonaws.com", "localhost"} <= names
    assert ipaddress.ip_network("127.0.0.0/8") in names
    assert not {"com", "azure.com", "openai.com", ""} & names
    text = (policies_dir() / "hosts.yaml").read_text("utf-8")
    shipped = load_catalogue(text, "hosts.yaml")
    assert unvouched(config(tmp_path), shipped) == []
    cert = check_ca(ensure_authority(config(tmp_path)))
    assert not_vouched_for(cert, ["openai.test", "localhost"]) == ["openai.test"]


@pytest.mark.parametrize("pattern", ["*.llm.corp", "llm.corp", "x-*.llm.corp:8443"])
def test_hosts_that_came_later_are_told(tmp_path: Path, pattern: str) -> None:
    ensure_authority(config(tmp_path))
    catalogue = load_catalogue(OWN.replace("*.llm.corp", pattern), "hosts.yaml")
    assert unvouched(config(tmp_path), catalogue) == ["llm.corp"]


def test_hosts_of_the_operators_are_in_it(tmp_path: Path) -> None:
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "hosts.yaml").write_text(OWN)
    found = limits(tmp_path, policies=tmp_path / "policies")
    assert found is not None and x509.DNSName("llm.corp") in (found.permitted_subtrees or [])


def test_in_reverse_mode_it_has_to_vouch_for_the_proxys_own_name(tmp_path: Path) -> None:
    assert limits(tmp_path, mode="reverse") is None
    assert unvouched(config(tmp_path, mode="reverse"), load_catalogue(OWN, "hosts.yaml")) == []


def test_one_that_is_there_stays(tmp_path: Path) -> None:
    before = ensure_ca(tmp_path / "ca").cert_pem.read_bytes()
    assert ensure_authority(config(tmp_path)).cert_pem.read_bytes() == before


def test_hosts_that_are_only_looked_at_are_in_it(tmp_path: Path) -> None:
    also = config(tmp_path, decrypt_also=("*.Tools.test",))
    catalogue = load_catalogue(OWN, "hosts.yaml")
    found = limits(tmp_path, decrypt_also=("*.Tools.test",))
    assert found is not None and x509.DNSName("tools.test") in (found.permitted_subtrees or [])
    assert "other.test" in unvouched(replace(also, decrypt_also=("other.test",)), catalogue)
