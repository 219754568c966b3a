"""A person's desk: the page in a browser, used by what is seen on it: roles, labels and words."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from playwright.async_api import ConsoleMessage, Locator, Page, Request, Response, expect

MARKS = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session"), pytest.mark.xdist_group("browser")]
PATIENCE = 30_000  # milliseconds; how long something may take on a busy machine decides nothing
NAMELESS = re.compile(
    r"^\s*- (?:textbox|searchbox|spinbutton|combobox|listbox|checkbox|radio|button|link)(?: \[[^]]*\])*:?\s*$",
    re.MULTILINE,
)

expect.set_options(timeout=PATIENCE)


@dataclass
class Desk:
    """One open page. `trouble` is all that went wrong in it, of which a person may see nothing."""

    page: Page
    trouble: list[str] = field(default_factory=list)

    def listen(self) -> None:
        """Write down every error, failed load and call to another place from now on."""
        self.page.set_default_timeout(PATIENCE)
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.trouble.append(f"error: {error}"))
        self.page.on("request", self._request)
        self.page.on("response", self._response)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.trouble.append(f"console: {message.text}")

    def _request(self, request: Request) -> None:
        if urlsplit(request.url).hostname not in ("127.0.0.1", None):
            self.trouble.append(f"called elsewhere: {request.url}")

    def _response(self, response: Response) -> None:
        if response.status >= 400:
            self.trouble.append(f"{response.status} {response.url}")

    # ------------------------------------------------------------ the Slack half

    async def act_as(self, name: str) -> None:
        """Be somebody else."""
        await self.page.get_by_label("Act as").select_option(name)
        await expect(self.page.get_by_label("Act as").locator("option:checked")).to_have_text(name)

    def entry(self, name: str) -> Locator:
        """A channel, or the app, in the list at the left."""
        names = re.compile(rf"^(?:#|private )?{re.escape(name)}(?: \(unread\))?$")
        return self.page.get_by_role("navigation", name="Channels").get_by_role("button", name=names)

    async def go(self, name: str) -> None:
        """Open a channel, or the app."""
        await self.entry(name).click()
        await expect(self.entry(name)).to_have_attribute("aria-current", "page")

    async def say(self, text: str) -> None:
        """Type a message or a command, and send it."""
        box = self.page.get_by_label("Message or slash command")
        await box.fill(text)
        await box.press("Enter")

    def message(self, *texts: str) -> Locator:
        """The messages in sight that have all these texts."""
        found = self.page.get_by_role("log", name="Messages").get_by_role("article")
        for text in texts:
            found = found.filter(has_text=text)
        return found

    def button(self, name: str) -> Locator:
        """A button of this very name."""
        return self.page.get_by_role("button", name=name, exact=True)

    def buttons(self, message: Locator) -> Locator:
        """The buttons that a message came with, without what the page offers at each."""
        return message.get_by_role("button").filter(has_not_text="Reply in thread")

    def dialog(self, title: str) -> Locator:
        """A modal, a question or an opened mail, by its title."""
        return self.page.get_by_role("dialog", name=title, exact=True)

    # ------------------------------------------------------------ the mail room

    async def mail(self, to: str, subject: str, text: str, *, author: str | None = None, way: str = "") -> None:
        """Write a mail and wait until it was taken: as a person of the workspace, or (`way`) as somebody else."""
        form = self.page.get_by_role("region", name="Mail room").locator("form")
        await form.get_by_label(way or "As this person").check()
        if way == "As a stranger":
            await form.get_by_role("textbox", name="From").fill(author or "")
        else:
            await form.get_by_role("combobox", name="From").select_option(author)
        await form.get_by_label("To", exact=True).fill(to)
        await form.get_by_label("Subject").fill(subject)
        await form.get_by_label("Text", exact=True).fill(text)
        await form.get_by_role("button", name="Mail it").click()
        await expect(form.get_by_role("status")).to_contain_text("Taken: 250")

    def mailbox(self, address: str) -> Locator:
        """Somebody's mailbox."""
        return self.page.get_by_role("region", name=f"Mailbox of {address}")

    def mails(self, address: str, subject: str) -> Locator:
        """The mails in somebody's mailbox with this in their subject."""
        return self.mailbox(address).get_by_role("button").filter(has_text=subject)

    # ------------------------------------------------------------ the whole page

    async def nameless(self) -> list[str]:
        """The controls that somebody who cannot see the page could not tell apart."""
        heard = await self.page.locator("body").aria_snapshot()
        return NAMELESS.findall(heard)
