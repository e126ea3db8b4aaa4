"""`excise up`, the models behind it, and clients as processes that `excise env` leads there."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from clients.upstream import Models, script

from excise.cli.demo_stage import ProxyProcess
from excise.standin.received import Received
from excise.standin.server import StandIn

HERE: Final = Path(__file__).resolve().parent
ROOT: Final = HERE.parents[1]
VENV: Final = ROOT / ".venv-clients"
NODE: Final = VENV / "node" / "node_modules"
# What the stand-in speaks; everything else is for the models of `upstream.py`.
STANDIN_HOSTS: Final = ("api.openai.com", "api.anthropic.com")
CURL: Final = {
    "curl-openai": ("https://api.openai.com/v1/chat/completions", "messages"),
    "curl-anthropic": ("https://api.anthropic.com/v1/messages", "messages"),
}
# Which of the lines a proxy writes tell of a request.
REQUEST: Final = "request"


@dataclass
class Told:
    """What came of one question: what the client got, upstream received, the trail says."""

    client: dict[str, Any]
    received: list[Received] = field(default_factory=list)
    lines: list[dict[str, Any]] = field(default_factory=list)

    @property
    def requests(self) -> list[dict[str, Any]]:
        return [line for line in self.lines if line.get("direction") == REQUEST]


@dataclass
class Both:
    """The two servers as one upstream, which is what the proxy is told of."""

    ca: Path
    port: int


@dataclass
class Stage:
    """What a test asks."""

    standin: StandIn
    models: Models
    proxy: ProxyProcess
    exports: str
    folder: Path
    children: dict[str, subprocess.Popen[str]] = field(default_factory=dict)

    def ask(self, api: str, mode: str, prompt: str) -> Told:
        """Have a client ask, and gather what everybody saw."""
        mine, theirs = len(self.models.received), len(self.standin.received)
        known = {line.get("id") for line in self.proxy.lines()}
        client = self._curl(api, mode, prompt) if api in CURL else self._child(api, mode, prompt)
        # What decides is on disk before the client hears of it, so nothing needs to be waited for;
        # a late line of an exchange before is known by its number.
        lines = [line for line in self.proxy.lines() if line.get("id") not in known]
        received = [*self.models.received[mine:], *list(self.standin.received)[theirs:]]
        return Told(client, received, lines)

    def _child(self, api: str, mode: str, prompt: str) -> dict[str, Any]:
        library = "node" if api.startswith("node-") else api.partition("-")[0]
        if library not in self.children:
            self.children[library] = self._start(library)
        child = self.children[library]
        assert child.stdin and child.stdout
        child.stdin.write(json.dumps({"api": api, "mode": mode, "prompt": prompt}) + "\n")
        child.stdin.flush()
        line = child.stdout.readline()
        assert line, f"the client {api} ended: {(self.folder / f'{library}.txt').read_text()}"
        told: dict[str, Any] = json.loads(line)
        return told

    def _start(self, library: str) -> subprocess.Popen[str]:
        words = [str(VENV / "bin" / "python"), str(HERE / "python_driver.py")]
        if library == "node":
            words = [shutil.which("node") or "node", str(HERE / "node_driver.cjs")]
        with (self.folder / f"{library}.txt").open("w") as errors:
            return subprocess.Popen(
                ["/bin/sh", "-c", f'{self.exports}\nexec "$@"', "sh", *words],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env=self._environment(),
                cwd=self.folder,
            )

    def _environment(self) -> dict[str, str]:
        """A bare one: what `excise env` exports has to be enough."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "NODE_PATH": str(NODE),
            # litellm fetches its list of prices where it is not told otherwise.
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
            # No address of a cloud is asked for credentials.
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def _curl(self, api: str, mode: str, prompt: str) -> dict[str, Any]:
        url, _ = CURL[api]
        body = {"model": "m", "max_tokens": 99, "messages": [{"role": "user", "content": prompt}]}
        body |= {"stream": True} if "stream" in mode else {}
        words = ["curl", "-sS", "-N", "--max-time", "20", "-w", "\n%{http_code}", url]
        words += ["-H", "content-type: application/json", "--data-binary", json.dumps(body)]
        done = subprocess.run(
            ["/bin/sh", "-c", f'{self.exports}\nexec "$@"', "sh", *words],
            capture_output=True,
            text=True,
            env=self._environment(),
            check=False,
        )
        text, _, status = done.stdout.rpartition("\n")
        if done.returncode or status != "200":
            said = text or done.stderr
            return {"raised": f"exit {done.returncode}", "said": said, "status": int(status or 0)}
        return {"text": said_in(text), "end": status}


def said_in(text: str) -> str:
    """The words of an answer of chat or messages, whole or as events."""
    if not text.startswith(("data:", "event:")):
        body = json.loads(text)
        if "choices" in body:
            return str(body["choices"][0]["message"]["content"])
        return str(body["content"][0]["text"])
    words = []
    for line in text.splitlines():
        if line.startswith("data: {"):
            event = json.loads(line[6:])
            choices = event.get("choices") or [{}]
            delta = event.get("delta") or choices[0].get("delta") or {}
            words.append(delta.get("content") or delta.get("text") or "")
    return "".join(words)


@contextmanager
def start(folder: Path) -> Iterator[Stage]:
    """The models, the proxy in front of them, and the clients at their end."""
    with ExitStack() as stack:
        standin = stack.enter_context(StandIn(folder / "standin", script=script))
        models = stack.enter_context(Models(folder / "models"))
        roots = folder / "roots.pem"
        roots.write_bytes(standin.ca.read_bytes() + models.ca.read_bytes())
        spoken = [f"--resolve={host}=127.0.0.1:{standin.port}" for host in STANDIN_HOSTS]
        proxy = stack.enter_context(
            ProxyProcess(folder / "proxy", Both(roots, models.port), spoken)  # type: ignore[arg-type]
        )
        stage = Stage(standin, models, proxy, _exports(proxy), folder)
        try:
            yield stage
        finally:
            for child in stage.children.values():
                with child:  # closes its input, at which it ends, and waits
                    pass


def _exports(proxy: ProxyProcess) -> str:
    words = [sys.executable, "-m", "excise", "env", "--shell", "sh"]
    words += ["--listen", f"127.0.0.1:{proxy.port}", "--state-dir", str(proxy.state)]
    words += ["--ca-dir", str(proxy.ca.parent)]
    package = str(ROOT / "addons")
    done = subprocess.run(
        words,
        capture_output=True,
        text=True,
        check=True,
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith("EXCISE_")},
            "PYTHONPATH": package,
            "XDG_CONFIG_HOME": str(proxy.folder / "config"),
        },
    )
    return done.stdout
