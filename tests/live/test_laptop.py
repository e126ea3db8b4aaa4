"""The clients of this machine, led by nothing but `excise run`, through the proxy over TLS."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from live.stage import start

from excise.cli.prove import Proof, Verdict, make_values, prove_through
from excise.cli.runtimes import CLIENTS, Client, should_be_led

pytestmark = pytest.mark.live
# One of each runtime; `excise prove` asks them all.
ASKED: Final = list(
    {client.program: client for client in reversed(CLIENTS) if client.quick}.values()
)
# The interpreter of the tests has the libraries.
WORLD: Final = {
    "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
    "HOME": "/nowhere",
}


@pytest.fixture(scope="module")
def proofs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Proof]]:
    with start(tmp_path_factory.mktemp("laptop")) as stage:
        seen = prove_through(stage.proxy, stage.standin, ASKED, WORLD)
        values = [value for client in ASKED for value in make_values(client.name)]
        assert stage.proxy.find_leaks(values) == [
            # What each client was given to post.
            f"client-{ASKED.index(client)}/body.json"
            for client in ASKED
            if any(p.client == client.name and p.verdict is Verdict.PROVEN for p in seen)
        ]
        yield {proof.client: proof for proof in seen}


def test_what_is_here_was_asked(proofs: dict[str, Proof]) -> None:
    assert "Python urllib" in proofs
    assert ("curl" in proofs) is bool(shutil.which("curl"))
    assert ("Node fetch" in proofs) is bool(shutil.which("node"))


@pytest.mark.parametrize("client", ASKED, ids=lambda client: client.name)
def test_a_client_does_what_the_table_says(proofs: dict[str, Proof], client: Client) -> None:
    if client.name not in proofs:
        pytest.skip(f"no {client.name} on this machine")
    proof = proofs[client.name]
    assert proof.led is should_be_led(client, proof.version)
    if not proof.led:
        assert (proof.verdict, proof.received) == (Verdict.IGNORES, "")
        assert proof.mend
    elif client.trust:
        assert proof.trusted
        assert proof.verdict is (Verdict.PROVEN if client.posts else Verdict.LED)
    else:  # the system's store, which holds our CA or does not
        assert proof.verdict in (Verdict.PROVEN, Verdict.DISTRUSTS)
    if proof.verdict is Verdict.PROVEN:
        assert "[AWS_ACCESS_KEY_ID_" in proof.received and "[EMAIL_" in proof.received
        assert not any(value in proof.received for value in make_values(client.name))
        assert all(value in proof.sent for value in make_values(client.name))
