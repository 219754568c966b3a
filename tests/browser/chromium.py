"""Debian's Chromium, headless and silent: it calls nobody but the page it is sent to."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser, async_playwright

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


class ChromiumMissingError(Exception):
    """There is no browser to drive; the message says what to install."""


@asynccontextmanager
async def started() -> AsyncIterator[Browser]:
    """A browser. Raises ChromiumMissingError."""
    program = shutil.which("chromium")
    if program is None:
        raise ChromiumMissingError("chromium is not installed (on Debian: apt-get install chromium)")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=list(ARGUMENTS))
        yield browser
        await browser.close()
