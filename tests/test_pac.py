"""The PAC script: says of every host what the catalogue says, by running it."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest

from excise.catalogue import Catalogue, load_catalogue
from excise.pac import build_pac
from excise.resources import policies_dir

HOSTS = [
    "api.openai.com", "API.OPENAI.COM", "api.openai.com.", "api.anthropic.com", "example.org",
    "openai.com.example.org", "x.openai.azure.com", "a.b.openai.azure.com", "openai.azure.com",
    "bedrock-runtime.us-east-1.amazonaws.com", "bedrock-runtime.a.b.amazonaws.com",
    "europe-west4-aiplatform.googleapis.com", "storage.googleapis.com", "localhost",
    "hasownproperty",
]  # fmt: skip


def catalogue() -> Catalogue:
    return load_catalogue((policies_dir() / "hosts.yaml").read_text("utf-8"), "hosts.yaml")


@pytest.mark.skipif(shutil.which("node") is None, reason="no JavaScript engine is installed here")
def test_it_agrees_with_the_catalogue_on_every_host() -> None:
    known = catalogue()
    listed = [p.replace("*", "x1") for host in known.hosts for p in host.patterns if ":" not in p]
    hosts = [*HOSTS, *listed]
    ask = f"\nconsole.log(JSON.stringify({json.dumps(hosts)}.map(h => FindProxyForURL('', h))))"
    script = build_pac(known, "proxy.example:8080") + ask
    done = subprocess.run(
        ["node", "-"], input=script, capture_output=True, text=True, check=True, timeout=60
    )
    wanted = ["PROXY proxy.example:8080" if known.find(host) else "DIRECT" for host in hosts]
    said = json.loads(done.stdout)
    assert dict(zip(hosts, said, strict=True)) == dict(zip(hosts, wanted, strict=True))
    assert len(set(said)) == 2


def test_nothing_leads_around_the_proxy_and_places_are_checked() -> None:
    script = build_pac(catalogue(), "[::1]:8080")
    assert "; DIRECT" not in script
    assert "11434" not in script
    for place in ("proxy", 'x";alert(1)//:80', "proxy:123456", ""):
        with pytest.raises(ValueError, match="HOST:PORT"):
            build_pac(catalogue(), place)
