"""A real browser, headless: opens the page, finds what a reader sees, and knows each request that was made."""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

_FLAGS = (
    *(
        "--headless",
        "--no-sandbox",
        "--disable-dev-shm-usage",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--hide-scrollbars",
    ),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
_LIMIT = 60
_FIND = """
const [name, press] = arguments;
const found = [...document.querySelectorAll("a, button")].find(
  (one) => one.checkVisibility() && !one.disabled && (one.innerText.trim() === name || one.ariaLabel === name));
if (press) found?.click();
return Boolean(found);
"""
_PICTURES = "ASSISTANTS_SCREENSHOTS"


def missing() -> str | None:
    """Say what is not installed of a browser and its driver."""
    programs = [name for name in ("chromium", "chromedriver") if shutil.which(name) is None]
    modules = ["selenium (extra browser)"] if find_spec("selenium") is None else []
    return f"not installed: {', '.join(programs + modules)}" if programs + modules else None


class Browser:
    """A window of Chromium."""

    def __init__(self, driver: Any) -> None:
        self.driver = driver
        self.origin = ""
        """The server whose page is open."""

    def open(self, base_url: str, path: str = "#/threads") -> None:
        """Open the page of a server."""
        self.origin = "/".join(base_url.split("/")[:3])
        self.driver.get("about:blank")  # or else another hash would not load the page anew
        self.driver.get(f"{self.origin}/{path}")

    def run(self, script: str, *values: Any) -> Any:
        """Run a script in the page, and return its value."""
        return self.driver.execute_script(script, *values)

    def all(self, selector: str) -> list[Any]:
        """Find elements."""
        found: list[Any] = self.driver.find_elements("css selector", selector)
        return found

    def text(self, selector: str = "main") -> str:
        """Return the text that is shown in an element; empty where there is none."""
        text = self.run("return document.querySelector(arguments[0])?.innerText ?? ''", selector)
        return re.sub(r"\s*\n\s*", "\n", text)

    def until(self, wanted: str | Callable[[], object], selector: str = "main") -> None:
        """Wait for a text, or for a condition."""
        end = time.monotonic() + _LIMIT
        while time.monotonic() < end:
            if wanted in self.text(selector) if isinstance(wanted, str) else wanted():
                return
            time.sleep(0.02)
        raise AssertionError(f"not shown: {wanted!r}; shown:\n{self.text('body')}")

    def press(self, name: str) -> None:
        """Press the button, or follow the link, of a name."""
        self.until(lambda: self._named(name, press=True))

    def has(self, name: str) -> bool:
        """Look for a button or link that is shown."""
        return self._named(name, press=False)

    def write(self, name: str, text: str, *, enter: bool = False) -> None:
        """Write into a field in place of what is there."""
        (field,) = self.all(f"[name={name}]")
        field.clear()
        field.send_keys(text)
        if enter:
            # A message is taken where the button is: not before the answer to the one before has ended.
            self.until(lambda: name != "message" or self.has("Send"))
            field.send_keys("\n")

    def choose(self, name: str, text: str) -> None:
        """Choose an option by its text."""
        (option,) = [one for one in self.all(f"select[name={name}] option") if one.text == text]
        option.click()

    def requests(self) -> list[str]:
        """Return the URLs of all requests since the last time."""
        records = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        return [one["params"]["request"]["url"] for one in records if one["method"] == "Network.requestWillBeSent"]

    def complaints(self) -> list[str]:
        """Return what the browser complained of since the last time, besides answers of 4xx and 5xx."""
        lines = [str(entry["message"]) for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"]
        return [line for line in lines if "Failed to load resource" not in line]

    def style(self, *, dark: bool = False, width: int = 1440, height: int = 900) -> None:
        """Set the colours that the reader likes, and the size of the window."""
        feature = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)

    def picture(self, name: str) -> None:
        """Save a picture for review where the environment names a folder."""
        folder = os.environ.get(_PICTURES)
        if folder is not None:
            Path(folder).mkdir(parents=True, exist_ok=True)
            self.driver.save_screenshot(str(Path(folder) / f"{name}.png"))

    def _named(self, name: str, *, press: bool) -> bool:
        # In one script: between two of them the page may have put another button in the place of the first.
        return bool(self.run(_FIND, name, press))


@contextmanager
def browsing() -> Iterator[Browser]:
    """Start a browser; it asks nobody but this machine."""
    webdriver = import_module("selenium.webdriver")
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for flag in _FLAGS:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    service = import_module("selenium.webdriver.chrome.service").Service(shutil.which("chromedriver"))
    driver = webdriver.Chrome(options=options, service=service)
    try:
        yield Browser(driver)
    finally:
        driver.quit()
