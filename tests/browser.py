"""Chromium without a window, driven by its own protocol over a pair of pipes."""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self, cast

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PATIENCE_SECONDS = 60
SWITCHES = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--hide-scrollbars", "--remote-debugging-pipe"),
)

type Json = dict[str, object]


def find_browser() -> str | None:
    """Find a Chromium on PATH."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class BrowserError(Exception):
    """The browser refused or said nothing."""


@dataclass
class Browser:
    """One browser with one tab. ``requests`` are the addresses that the tab asked for."""

    program: str
    profile: Path
    requests: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    _process: subprocess.Popen[bytes] | None = None
    _reading: int = -1
    _writing: int = -1
    _session: str = ""
    _number: int = 0
    _buffer: bytes = b""
    _seen: list[Json] = field(default_factory=list)

    def __enter__(self) -> Self:
        """Start it and open a tab."""
        theirs_in, self._writing = os.pipe()
        self._reading, theirs_out = os.pipe()
        program = [self.program, *SWITCHES, f"--user-data-dir={self.profile}", "about:blank"]
        script = f'exec "$@" 3<&{theirs_in} 4>&{theirs_out}'
        with (self.profile / "browser.log").open("wb") as log:
            self._process = subprocess.Popen(
                ["bash", "-c", script, "bash", *program],
                pass_fds=(theirs_in, theirs_out),
                stdout=log,
                stderr=log,
            )
        os.close(theirs_in)
        os.close(theirs_out)
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = str(attached["sessionId"])
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.call(f"{domain}.enable")
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        assert self._process is not None
        try:
            self._session = ""
            self.call("Browser.close")
            self._process.wait(PATIENCE_SECONDS)
        except (BrowserError, OSError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()
        os.close(self._reading)
        os.close(self._writing)

    def show(self, address: str, width: int, *, is_dark: bool = False) -> None:
        """Load a page in a window so many pixels wide."""
        theme = {"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[theme])
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=900,
            deviceScaleFactor=1,
            mobile=width < 500,
        )
        self.requests.clear()
        self.problems.clear()
        self._seen.clear()
        self.call("Page.navigate", url=address)
        self._wait_for("Page.loadEventFired")

    def evaluate(self, expression: str) -> object:
        """Return the value of an expression in the page, as JSON knows it."""
        answer = self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        if "exceptionDetails" in answer:
            raise BrowserError(json.dumps(answer["exceptionDetails"])[:2_000])
        return cast("Json", answer["result"]).get("value")

    def press(self, key: str) -> None:
        """Press and release a key."""
        code = {"Tab": 9, "Enter": 13, " ": 32}[key]
        text = {"Enter": "\r", " ": " "}.get(key, "")
        for kind in ("keyDown", "keyUp"):
            self.call(
                "Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code, text=text
            )

    def shoot(self, file: Path) -> None:
        """Take a picture of the whole page."""
        picture = self.call("Page.captureScreenshot", captureBeyondViewport=True)
        file.write_bytes(base64.b64decode(str(picture["data"])))

    def call(self, method: str, **parameters: object) -> Json:
        """Call a method of the protocol and return its answer."""
        self._number += 1
        message: Json = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        content = json.dumps(message).encode() + b"\0"
        while content:
            content = content[os.write(self._writing, content) :]
        while True:
            answer = self._receive()
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise BrowserError(f"{method}: {answer['error']}")
                return cast("Json", answer["result"])

    def _wait_for(self, method: str) -> None:
        while not any(event["method"] == method for event in self._seen):
            self._receive()

    def _receive(self) -> Json:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._reading], [], [], deadline - time.monotonic())
            part = os.read(self._reading, 1 << 20) if ready else b""
            if not part:
                raise BrowserError("the browser has gone, or says nothing")
            self._buffer += part
        text, _, self._buffer = self._buffer.partition(b"\0")
        message = cast("Json", json.loads(text))
        if "method" in message:
            self._note(message)
        return message

    def _note(self, event: Json) -> None:
        self._seen.append(event)
        parameters = cast("Json", event["params"])
        if event["method"] == "Network.requestWillBeSent":
            self.requests.append(str(cast("Json", parameters["request"])["url"]))
        if event["method"] == "Log.entryAdded":
            self.problems.append(str(cast("Json", parameters["entry"])["text"]))
