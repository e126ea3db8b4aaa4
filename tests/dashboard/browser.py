"""A real browser without a window, driven by the Chrome DevTools Protocol over a WebSocket."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import os
import shutil
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from tornado.websocket import WebSocketClientConnection, websocket_connect

PROGRAM: Final = next(
    (found for name in ("chromium", "google-chrome", "chromium-browser")
     if (found := shutil.which(name))), "",
)  # fmt: skip
_OPTIONS: Final = (
    "--headless=new", "--remote-debugging-port=0", "--no-first-run", "--disable-gpu",
    "--disable-extensions", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--mute-audio", "--hide-scrollbars", "--force-color-profile=srgb",
    "--disable-dev-shm-usage", "--no-proxy-server", "about:blank",
)  # fmt: skip
_PATIENCE: Final = 20.0


class Page:
    """One tab. `complaints` are texts of errors: of scripts, of the console, of the policy on
    contents, of requests that failed."""

    def __init__(self, socket: WebSocketClientConnection) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self._reader = asyncio.create_task(self._read())

    async def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command of the protocol."""
        number = next(self._numbers)
        waiting = self._waiting[number] = asyncio.get_running_loop().create_future()
        await self._socket.write_message(
            json.dumps({"id": number, "method": method, "params": parameters})
        )
        return await asyncio.wait_for(waiting, _PATIENCE)

    async def run(self, script: str) -> Any:
        """What an expression comes to, awaited where it is a promise."""
        told = await self.call(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in told, told["exceptionDetails"]
        return told["result"].get("value")

    async def until(self, script: str) -> None:
        """Wait until an expression is true."""
        give_up = asyncio.get_running_loop().time() + _PATIENCE
        tried = f"(() => {{ try {{ return !!({script}) }} catch {{ return false }} }})()"
        while not await self.run(tried):
            shown = await self.run("document.body?.innerText?.slice(0, 600)")
            late = asyncio.get_running_loop().time() > give_up
            assert not late, f"never: {script}\n{self.complaints}\n{shown}"
            await asyncio.sleep(0.03)

    async def open(self, url: str) -> None:
        """Go to an address."""
        await self.call("Page.navigate", url=url)

    async def press(self, key: str) -> None:
        """One key, down and up."""
        text = {"Enter": "\r"}.get(key, key if len(key) == 1 else "")
        code = {"Enter": 13, "Escape": 27, "Tab": 9}.get(key, 0)
        common = {"key": key, "windowsVirtualKeyCode": code}
        await self.call("Input.dispatchKeyEvent", type="keyDown", text=text, **common)
        await self.call("Input.dispatchKeyEvent", type="keyUp", **common)

    async def dress(self, *, dark: bool, width: int = 1440, height: int = 900) -> None:
        """What the system prefers, and the window's size."""
        features = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        await self.call("Emulation.setEmulatedMedia", features=features)
        await self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height,
            deviceScaleFactor=1, mobile=False,
        )  # fmt: skip

    async def picture(self, path: Path) -> None:
        """What is seen now, as PNG."""
        told = await self.call("Page.captureScreenshot", format="png")
        path.write_bytes(base64.b64decode(told["data"]))

    async def _read(self) -> None:
        while (message := await self._socket.read_message()) is not None:
            told = json.loads(message)
            if "id" in told:
                waiter = self._waiting.pop(told["id"])
                if not waiter.done():
                    waiter.set_result(told.get("result", {"error": told.get("error")}))
            elif told["method"] == "Runtime.exceptionThrown":
                details = told["params"]["exceptionDetails"]
                self.complaints.append(str(details.get("exception", details)))
            elif told["method"] == "Log.entryAdded":
                entry = told["params"]["entry"]
                if entry["level"] == "error":
                    self.complaints.append(f"{entry['text']} {entry.get('url', '')}")
            elif told["method"] == "Runtime.consoleAPICalled":
                if told["params"]["type"] in ("error", "warning"):
                    self.complaints.append(str(told["params"]["args"]))
            elif told["method"] == "Network.requestWillBeSent":
                self.requests.append(told["params"]["request"]["url"])


@asynccontextmanager
async def open_browser(folder: Path) -> AsyncIterator[Page]:
    """A tab of a fresh browser, ended with it."""
    options = [*_OPTIONS, f"--user-data-dir={folder}"]
    if os.geteuid() == 0:
        options.insert(0, "--no-sandbox")  # it refuses to start as root otherwise
    process = await asyncio.create_subprocess_exec(
        PROGRAM, *options, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )
    try:
        port = await asyncio.wait_for(_port(process), _PATIENCE)
        socket = await websocket_connect(
            await asyncio.to_thread(_tab, port), max_message_size=2**26
        )
        page = Page(socket)
        for domain in ("Page", "Runtime", "Log", "Network"):
            await page.call(f"{domain}.enable")
        yield page
        socket.close()
        await page._reader
    finally:
        process.terminate()
        await process.wait()


async def _port(process: asyncio.subprocess.Process) -> int:
    assert process.stderr is not None
    while line := await process.stderr.readline():
        if b"DevTools listening on" in line:
            return int(line.split(b":")[-1].partition(b"/")[0])
    raise AssertionError("the browser did not start")


def _tab(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list") as answer:
        tabs = json.load(answer)
    return str(next(tab["webSocketDebuggerUrl"] for tab in tabs if tab["type"] == "page"))
