"""The exchanges of the demonstration, what has to come of each, and the check that it did."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from excise.cli.demo_clients import MODEL, Clients, Said
from excise.rules.fillers import fill
from excise.standin.received import Received

OPENAI: Final = "api.openai.com"
ELSEWHERE: Final = "intranet.example.com"  # no LLM host: not to be read

# Made anew from their patterns at every start, so no file of ours holds anything key-shaped.
PATTERNS: Final[Mapping[str, str]] = {
    "aws": "AKIA{base32:16}",
    "github": "ghp_{alnum:36}",
    "stripe": "sk_live_{alnum:24}",
    "card": "{pan:visa}",
    "pem": "{pem:RSA PRIVATE KEY}",
    "password": "{alnum:20}",
    "slack": "xoxb-{digit:12}-{digit:12}-{alnum:24}",
}


def make_values(seed: str = "demo") -> dict[str, str]:
    """The values that are planted, by name; the same for the same seed."""
    return {name: fill(pattern, f"{seed} {name}") for name, pattern in PATTERNS.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One exchange: who asks what, and what must come of it.

    `says` is the text with `{name}` for planted values, `act` sends it. `secret` names the values
    that must not reach upstream, `restored` those the client must see again, `withheld` those it
    must not see. `action` is the worst one of its audit lines, `reaches` whether upstream is asked.
    """

    title: str
    client: str
    says: str
    act: Callable[[Clients, str], Said]
    secret: tuple[str, ...] = ()
    restored: tuple[str, ...] = ()
    withheld: tuple[str, ...] = ()
    action: str = "redact"
    reaches: bool = True
    status: int = 200
    shows: str = ""  # a text that the client must be shown
    answers: str = ""  # what the model says, with `{name}`; else it repeats what it was asked
    lines: int = 2  # audit lines to wait for


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a scene; `faults` says where that is not what had to."""

    scene: Scene
    sent: str
    said: Said
    received: tuple[Received, ...]
    lines: tuple[Mapping[str, Any], ...]
    faults: tuple[str, ...]


def chat_body(prompt: str, **more: Any) -> bytes:
    """A chat request as a program would write it."""
    return json.dumps(
        {"model": MODEL, "messages": [{"role": "user", "content": prompt}], **more}
    ).encode()


def _plain(clients: Clients, prompt: str) -> Said:
    said, _ = clients.plain(OPENAI, "/v1/chat/completions", chat_body(prompt))
    return _content(said)


def _gzipped(clients: Clients, prompt: str) -> Said:
    body = gzip.compress(chat_body(prompt), mtime=0)
    head = {"content-encoding": "gzip"}
    return _content(clients.plain(OPENAI, "/v1/chat/completions", body, head)[0])


def _unknown_coding(clients: Clients, prompt: str) -> Said:
    head = {"content-encoding": "x-own-format"}
    body = bytes(byte ^ 0x5A for byte in chat_body(prompt))
    return _content(clients.plain(OPENAI, "/v1/chat/completions", body, head)[0])


def _bomb(clients: Clients, prompt: str) -> Said:
    body = gzip.compress(chat_body(prompt * 4_000_000), compresslevel=9, mtime=0)
    head = {"content-encoding": "gzip"}
    return _content(clients.plain(OPENAI, "/v1/chat/completions", body, head)[0])


def _in_places(clients: Clients, prompt: str) -> Said:
    query, header = prompt.split(" ")
    return _content(
        clients.plain(
            OPENAI, f"/v1/chat/completions?note={query}", chat_body("hi"), {"x-note": header}
        )[0]
    )


def _elsewhere(clients: Clients, prompt: str) -> Said:
    said, issuer = clients.plain(ELSEWHERE, "/notes", prompt.encode())
    return Said(status=said.status, text=f"certificate of: {issuer}")


def _tool_result(clients: Clients, output: str) -> Said:
    call = {"type": "tool_use", "id": "toolu_1", "name": "read_file", "input": {"path": ".env"}}
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": output}
    return clients.messages(
        [
            {"role": "user", "content": "what is in .env?"},
            {"role": "assistant", "content": [call]},
            {"role": "user", "content": [result]},
        ]
    )


def _content(said: Said) -> Said:
    """The message of a chat answer, or of an error."""
    try:
        body = json.loads(said.text)
    except ValueError:
        return said
    text = body["error"]["message"] if "error" in body else said.text
    if "choices" in body:
        text = body["choices"][0]["message"]["content"]
    return Said(status=said.status, text=text)


def _user(prompt: str) -> list[Any]:
    return [{"role": "user", "content": prompt}]


SCENES: Final[tuple[Scene, ...]] = (
    Scene(
        title="clean prompt",
        client="plain HTTP",
        says="Why is the sky blue?",
        act=_plain,
        action="allow",
        shows="Why is the sky blue?",
    ),
    Scene(
        title="AWS key",
        client="openai, chat",
        says="Is {aws} an access key id?",
        act=lambda clients, prompt: clients.chat(prompt),
        secret=("aws",),
        restored=("aws",),
    ),
    Scene(
        title="the same, streamed",
        client="openai, chat, stream",
        says="Is {aws} an access key id? standin:chunk=1",
        act=lambda clients, prompt: clients.chat(prompt, stream=True),
        secret=("aws",),
        restored=("aws",),
    ),
    Scene(
        title="card number",
        client="anthropic",
        says="Refund the credit card number {card}, please.",
        act=lambda clients, prompt: clients.messages(_user(prompt)),
        secret=("card",),
        restored=("card",),
    ),
    Scene(
        title="token, given back in tool arguments",
        client="anthropic, stream, tool",
        says="Save the token {github} for me. standin:tool",
        act=lambda clients, prompt: clients.messages(_user(prompt), stream=True),
        secret=("github",),
        restored=("github",),
    ),
    Scene(
        title="private key",
        client="openai, responses",
        says="Check my key:\n{pem}",
        act=lambda clients, prompt: clients.responses(prompt),
        secret=("pem",),
        action="block",
        reaches=False,
        status=400,
        shows="Reference: ",
        lines=1,
    ),
    Scene(
        title="password in a tool result",
        client="anthropic",
        says="DATABASE_URL=postgres://app:{password}@db.internal:5432/shop",
        act=_tool_result,
        secret=("password",),
        restored=("password",),
    ),
    Scene(
        title="key in a gzip body",
        client="plain HTTP",
        says="Charge with {stripe} today.",
        act=_gzipped,
        secret=("stripe",),
        restored=("stripe",),
    ),
    Scene(
        title="keys in query and header",
        client="plain HTTP",
        says="{github} {stripe}",
        act=_in_places,
        secret=("github", "stripe"),
    ),
    Scene(
        title="a key of the model's own, split over pieces",
        client="openai, chat, stream",
        says="Show me an example.",
        act=lambda clients, prompt: clients.chat(prompt, stream=True),
        withheld=("slack",),
        answers="Use {slack} as the token.",
    ),
    Scene(
        title="unreadable: unknown encoding",
        client="plain HTTP",
        says="(bytes in a format of its own)",
        act=_unknown_coding,
        action="alert",
    ),
    Scene(
        title="unreadable: a body that explodes",
        client="plain HTTP",
        says="boom ",
        act=_bomb,
        action="block",
        reaches=False,
        status=400,
        shows="Reference: ",
        lines=1,
    ),
    Scene(
        title="not an LLM host",
        client="plain HTTP",
        says="Nobody reads this on the way.",
        act=_elsewhere,
        action="allow",
        shows="certificate of: Stand-in model CA",
        lines=0,
    ),
)


def judge(
    scene: Scene,
    values: Mapping[str, str],
    said: Said,
    received: Sequence[Received],
    lines: Sequence[Mapping[str, Any]],
) -> list[str]:
    """What is not as it has to be, in words; a leak begins with `leak:`."""
    faults = [
        f"leak: {name} reached upstream"
        for name in scene.secret
        if any(request.holds(part) for request in received for part in tell_tales(values[name]))
    ]
    faults += [f"leak: {name} was shown" for name in scene.withheld if values[name] in said.text]
    faults += [
        f"{name} was not put back" for name in scene.restored if values[name] not in said.text
    ]
    if len(received) != int(scene.reaches):
        faults.append(f"upstream was asked {len(received)} times")
    if said.status != scene.status:
        faults.append(f"status {said.status} instead of {scene.status}")
    if scene.shows not in said.text:
        faults.append(f"the client was not shown {scene.shows!r}")
    if scene.lines and (worst := worst_action(lines)) != scene.action:
        faults.append(f"audit says {worst} instead of {scene.action}")
    return faults


def tell_tales(value: str) -> list[str]:
    """What would give a value away: itself, or any long line of it."""
    lines = [line for line in value.splitlines() if len(line) >= 16 and "-----" not in line]
    return lines if len(value.splitlines()) > 1 else [value]


def worst_action(lines: Sequence[Mapping[str, Any]]) -> str:
    """The strictest action of these audit lines, or "" where none has one."""
    order = ("allow", "log", "alert", "redact", "steer", "fallback", "limit", "tarpit", "block")
    found = [str(line["action"]) for line in lines if "action" in line]
    return max(found, key=order.index, default="")
