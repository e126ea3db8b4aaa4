"""What is said of a client follows from what upstream received and what the client was told."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from excise.cli.main import main
from excise.cli.prove import Verdict, is_wanted, judge, make_values, text_of
from excise.cli.runtimes import CLIENTS
from excise.standin.received import Received

VALUES = make_values("test")


def request(prompt: str, wire: bytes = b"") -> Received:
    body = json.dumps({"messages": [{"role": "user", "content": prompt}]}).encode()
    return Received(number=0, method="POST", target="/", headers=(), wire=wire, raw=body, body=body)


@pytest.mark.parametrize(
    ("received", "answer", "verdict"),
    [
        ([request("[A_1] and [B_2]")], f"you said {VALUES[0]} {VALUES[1]}", Verdict.PROVEN),
        ([request(f"x {VALUES[0]}")], f"{VALUES[0]} {VALUES[1]}", Verdict.LEAKED),
        ([request("x", wire=f"Note: {VALUES[1]}".encode())], "", Verdict.LEAKED),
        ([request("[A_1] and [B_2]")], f"only {VALUES[0]}", Verdict.FAILED),
        ([request("[A_1]"), request("[A_1]")], f"{VALUES[0]} {VALUES[1]}", Verdict.FAILED),
        ([], f"{VALUES[0]} {VALUES[1]}", Verdict.FAILED),
    ],
)
def test_a_proof_needs_both_ends(
    received: Sequence[Received], answer: str, verdict: Verdict
) -> None:
    assert judge(VALUES, received, answer) is verdict


def test_values_differ_from_client_to_client() -> None:
    made = [value for client in CLIENTS for value in make_values(client.name)]
    assert len(set(made)) == len(made)


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"messages": []}', b'{"messages": [1]}'])
def test_a_body_that_is_no_chat_has_no_text(body: bytes) -> None:
    asked = Received(number=0, method="POST", target="/", headers=(), body=body)
    assert text_of(asked) == ""


def test_words_choose_clients_and_unknown_ones_are_refused(
    capsys: pytest.CaptureFixture[str],
) -> None:
    chosen = [each.name for each in CLIENTS if is_wanted(each, ["node", "CURL"])]
    assert chosen == [
        "Node fetch", "Node https", "Node undici, EnvHttpProxyAgent", "curl", "PHP curl",
    ]  # fmt: skip
    assert all(each.words for each in CLIENTS if is_wanted(each, []))
    assert main(["prove", "--client", "telnet"]) == 2
    assert "Node fetch" in capsys.readouterr().err
