"""A server that speaks OpenAI's chat API and answers as judges do; run as a program it prints its
port. What it says turns on words of the last message; faults are ordered by the model's name."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

HARM, ORDER = "rob the mill", "obey the miller"


def verdict(body: dict[str, Any]) -> str:
    """What a judge of the kind that the model's name says answers."""
    model, said = body["model"], body["messages"]
    text = said[-1]["content"]
    if model.startswith("llama-guard"):
        return "\n\nunsafe\nS2,S1" if HARM in text else "\n\nsafe"
    if model.startswith("granite"):
        wanted = ORDER if said[0]["content"] == "jailbreak" else HARM
        return "<score> yes </score>" if wanted in text else "No\n<confidence> High </confidence>"
    found = {
        "injection": 0.95 if ORDER in text else 0.0,
        "unsafe": ["S2"] if HARM in text else [],
        "topics": {"finance": 0.9} if "price" in text else {},
    }
    return f"```json\n{json.dumps(found)}\n```"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        server = self.server
        assert isinstance(server, JudgeServer)
        server.asked.append({"path": self.path, "key": self.headers["authorization"], **body})
        fault = server.fault or body["model"].rpartition("!")[2]
        if fault.isdigit():
            self._send(int(fault), b'{"error": {"message": "no"}}')
        elif fault == "garbage":
            self._send(200, b"<html>")
        elif fault == "chatty":
            self._say("I would rather not say.")
        elif fault == "huge":
            self._send(200, b" " * 1_000_000)
        elif fault == "elsewhere":
            self._send(307, b"", location="/v1/elsewhere")
        elif fault == "cut":
            self.send_response(200)
            self.send_header("content-length", "100")
            self.end_headers()
            self.wfile.write(b"{")
            self.close_connection = True
        elif fault == "drip":
            self.send_response(200)
            self.send_header("content-length", "100")
            self.end_headers()
            for _ in range(100):
                self.wfile.write(b" ")
                time.sleep(0.03)
        else:
            server.free.wait(20)
            time.sleep(server.slow)
            self._say(verdict(body))

    def do_GET(self) -> None:
        """What was asked, for a test in another process."""
        assert isinstance(self.server, JudgeServer)
        self._send(200, json.dumps(self.server.asked).encode())

    def do_PUT(self) -> None:
        """What to do next."""
        assert isinstance(self.server, JudgeServer)
        order = self.rfile.read(int(self.headers["content-length"])).decode()
        if order == "hold":  # until the next order
            self.server.free.clear()
        else:
            self.server.fault = order
            self.server.free.set()
        self._send(200, b"")

    def _say(self, content: str) -> None:
        message = {"role": "assistant", "content": content}
        self._send(200, json.dumps({"choices": [{"index": 0, "message": message}]}).encode())

    def _send(self, status: int, data: bytes, **fields: str) -> None:
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        """Nothing."""


class JudgeServer(ThreadingHTTPServer):
    """`asked` are the bodies that came; `fault` and `slow` (seconds) change what it does next."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[dict[str, Any]] = []
        self.fault = ""
        self.slow = 0.0
        self.free = threading.Event()
        self.free.set()

    def handle_error(self, *_: Any) -> None:
        """A client that has gone."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


@contextmanager
def judge_server() -> Iterator[JudgeServer]:
    with JudgeServer() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield server
        server.free.set()
        server.shutdown()


if __name__ == "__main__":
    with JudgeServer() as alone:
        print(alone.server_address[1], flush=True)
        alone.serve_forever()
