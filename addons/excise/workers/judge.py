"""An endpoint that speaks OpenAI's chat API, asked as a judge. It blocks: for threads of `asking`.

Every failure is a `NoAnswer`: `late`, `absent` (no connection), `refused` (a status that is no
success, 429 among them), `garbage` (no chat completion). Nothing it says reaches a log.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from excise.errors import NoAnswer

if TYPE_CHECKING:
    import urllib3

LARGEST: Final = 256 * 1024  # bytes of a reply
_CHUNK: Final = 16 * 1024
_CONNECTIONS: Final = 16


class Endpoint:
    """One server. Safe to ask from several threads; connections are kept."""

    def __init__(self, url: str, key: str = "", clock: Callable[[], float] = monotonic) -> None:
        """`url` is the base of the API, such as `http://127.0.0.1:11434/v1`."""
        self._url = url.rstrip("/") + "/chat/completions"
        self._headers = {"content-type": "application/json", "accept": "application/json"}
        if key:
            self._headers["authorization"] = f"Bearer {key}"
        self._clock = clock
        self._pool: urllib3.PoolManager | None = None
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return "<Endpoint>"

    def ask(self, body: Mapping[str, Any], seconds: float) -> str:
        """The content of the first choice, within so many seconds. Raises `NoAnswer`."""
        import urllib3

        until = self._clock() + seconds
        data = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
        try:
            response = self._connected().request(
                "POST",
                self._url,
                body=data,
                headers=self._headers,
                timeout=urllib3.Timeout(total=max(seconds, 1e-3)),
                # A judge that sends us elsewhere, or is asked twice, is none.
                retries=False,
                redirect=False,
                preload_content=False,
            )
        except urllib3.exceptions.NewConnectionError:  # to urllib3 a sort of timeout
            raise NoAnswer("absent") from None
        except urllib3.exceptions.TimeoutError:
            raise NoAnswer("late") from None
        except (urllib3.exceptions.HTTPError, OSError):
            raise NoAnswer("absent") from None
        try:
            raw = self._read(response, until)
        except urllib3.exceptions.TimeoutError:
            raise NoAnswer("late") from None
        except (urllib3.exceptions.HTTPError, OSError):
            raise NoAnswer("died") from None
        finally:
            response.release_conn()
        if response.status != 200:
            raise NoAnswer("refused")
        return _content(raw)

    def close(self) -> None:
        """Let go of the connections; the next question opens others."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.clear()

    def _connected(self) -> urllib3.PoolManager:
        import urllib3

        with self._lock:
            if self._pool is None:
                # Proxies of the environment are not asked: they may be this one.
                self._pool = urllib3.PoolManager(maxsize=_CONNECTIONS, block=False)
            return self._pool

    def _read(self, response: urllib3.BaseHTTPResponse, until: float) -> bytes:
        """All of a reply, which may drip."""
        raw = bytearray()
        while chunk := response.read1(_CHUNK):
            raw += chunk
            if len(raw) > LARGEST:
                response.close()
                raise NoAnswer("garbage")
            if self._clock() > until:
                response.close()
                raise NoAnswer("late")
        return bytes(raw)


def _content(raw: bytes) -> str:
    try:
        content = json.loads(raw)["choices"][0]["message"]["content"]
    except (ValueError, LookupError, TypeError, RecursionError):
        raise NoAnswer("garbage") from None
    if not isinstance(content, str):
        raise NoAnswer("garbage")
    return content
