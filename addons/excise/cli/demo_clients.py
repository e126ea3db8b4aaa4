"""The clients of the demonstration: plain HTTP, and the providers' official Python clients."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from excise.errors import ConfigError

MODEL: Final = "stand-in-1"
SECONDS: Final = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a client was given: HTTP status, and the text, tool argument or error it shows."""

    status: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Clients:
    """Everything that makes requests, all through the proxy on `port`."""

    port: int
    trust: ssl.SSLContext
    openai_key: str
    anthropic_key: str

    def plain(
        self, host: str, target: str, body: bytes, headers: Mapping[str, str] | None = None
    ) -> tuple[Said, str]:
        """One POST with the standard library; besides the answer, who issued the certificate."""
        client = http.client.HTTPSConnection(
            "127.0.0.1", self.port, context=self.trust, timeout=SECONDS
        )
        client.set_tunnel(host, 443)
        try:
            client.request(
                "POST", target, body, {"content-type": "application/json", **(headers or {})}
            )
            answer = client.getresponse()
            text = answer.read().decode("utf-8", "replace")
            issuer = _common_name(client.sock)
        finally:
            client.close()
        return Said(status=answer.status, text=text), issuer

    def chat(self, prompt: str, *, stream: bool = False) -> Said:
        """OpenAI chat completions with OpenAI's client."""
        ask: list[Any] = [{"role": "user", "content": prompt}]
        with self._openai() as client:
            create = client.chat.completions.create
            if stream:
                parts = create(model=MODEL, messages=ask, stream=True)
                text = "".join(p.choices[0].delta.content or "" for p in parts if p.choices)
            else:
                text = create(model=MODEL, messages=ask).choices[0].message.content or ""
        return Said(status=200, text=text)

    def responses(self, prompt: str) -> Said:
        """OpenAI Responses with OpenAI's client; a refusal is an answer too."""
        import openai

        with self._openai() as client:
            try:
                text = client.responses.create(model=MODEL, input=prompt).output_text
            except openai.APIStatusError as refused:
                return Said(status=refused.status_code, text=_message(refused.body))
        return Said(status=200, text=text)

    def messages(self, messages: list[Any], *, stream: bool = False) -> Said:
        """Anthropic messages with Anthropic's client; of a tool call, its arguments."""
        ask: dict[str, Any] = {"model": MODEL, "max_tokens": 200, "messages": messages}
        with self._anthropic() as client:
            if stream:
                with client.messages.stream(**ask) as events:
                    block = events.get_final_message().content[0]
            else:
                block = client.messages.create(**ask).content[0]
        return Said(
            status=200, text=block.text if block.type == "text" else json.dumps(block.input)
        )

    def _openai(self) -> Any:
        try:
            import openai
        except ModuleNotFoundError:
            raise _missing("openai") from None
        web = openai.DefaultHttpxClient(proxy=self._url, verify=self.trust, trust_env=False)
        return openai.OpenAI(api_key=self.openai_key, base_url="https://api.openai.com/v1",
            http_client=web, timeout=SECONDS)  # fmt: skip

    def _anthropic(self) -> Any:
        try:
            import anthropic
        except ModuleNotFoundError:
            raise _missing("anthropic") from None
        web = anthropic.DefaultHttpxClient(proxy=self._url, verify=self.trust, trust_env=False)
        return anthropic.Anthropic(api_key=self.anthropic_key, auth_token=None, http_client=web,
            base_url="https://api.anthropic.com", timeout=SECONDS)  # fmt: skip

    @property
    def _url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def trust_of(*files: Path) -> ssl.SSLContext:
    """Client TLS that trusts these CAs alone."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for file in files:
        context.load_verify_locations(str(file))
    return context


def _missing(name: str) -> ConfigError:
    return ConfigError(
        "EXC-CFG-004",
        f"the demonstration drives the official client {name}, which is not installed.",
        hint="Install excise with its extra: excise[demo].",
    )


def _message(body: object) -> str:
    # OpenAI's client hands over what stands under `error`.
    return str(body.get("message", body)) if isinstance(body, dict) else str(body)


def _common_name(connection: Any) -> str:
    issuer = connection.getpeercert().get("issuer", ()) if connection else ()
    return next((text for part in issuer for key, text in part if key == "commonName"), "")
