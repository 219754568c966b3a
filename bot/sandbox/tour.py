"""The tour: one group's whole life, played by people who click and mail, on real sockets."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from bot.sandbox.driver import Pocket

Json = dict[str, Any]
ADA, GRACE, LINUS, MARGARET, BARBARA = "U0ADA", "U0GRACE", "U0LINUS", "U0MARGARET", "U0BARBARA"
DOMAIN = "groups.example.org"
LONG = 30.0
# What the channels say in each language: how many of how many were relayed, and that a post was discarded.
SIGNS = {"en": ("elayed to {n} of {n}", "iscarded"), "fr": ("ransmis à {n} sur {n}", "carté par")}
LOCALES = {"en": "en-GB", "fr": "fr-FR"}


class TourError(Exception):
    """A step did not come out as it should; the message says what was seen."""


@dataclass(slots=True)
class Tour:
    """One play of the tour, by people of one language. `number` makes its group's name its own, so that it can be
    played again."""

    pocket: Pocket
    number: str = ""
    language: str = "en"
    contacts: list[str] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"team{self.number}@{DOMAIN}"

    async def create(self) -> str:
        """Ada makes a moderated group in the wizard."""
        pocket = self.pocket
        _ok(await pocket.command(ADA, "#general", "/group create"))
        await pocket.wait_modal(ADA, timeout=LONG)
        settings = {
            "local": f"team{self.number}",
            "display_name": f"The team {self.number.strip('-')}".strip(),
            "subscription": "moderated",
            "report_channel": "C0REPORTS",
            "moderation_channel": "C0MODERATORS",
        }
        await self._step(settings)
        await self._step(
            {"administrators": [ADA, GRACE], "contacts": [LINUS, BARBARA], "outside": "Al <al@example.com>"}
        )
        _ok(await pocket.submit(ADA))
        await pocket.wait_modal(ADA, contains=self.address)
        await pocket.close(ADA, everything=True)
        if self.language != "en":
            line = f"/group réglages {self.address} langue {self.language}"
            _ok(await pocket.command(ADA, "#general", line))
            await pocket.wait_message(ADA, "#general", "Français")
        self.contacts = ["linus@example.org", "barbara@example.org", "al@example.com"]
        return f"{self.address} takes mail"

    async def _step(self, values: Json) -> None:
        before = (await self.pocket.modal(ADA) or {}).get("callback_id")
        await self.pocket.fill(ADA, values)
        _ok(await self.pocket.submit(ADA))

        async def next_one() -> Json | None:
            view = await self.pocket.modal(ADA)
            return view if view is not None and view["callback_id"] != before else None

        await self.pocket.wait_for(next_one, LONG, "the wizard's next step")

    async def ask(self) -> str:
        """Margaret asks to join."""
        _ok(await self.pocket.command(MARGARET, "#general", f"/group join {self.address} I work with them"))
        await self.pocket.wait_message(GRACE, "#moderators", self.address)
        return "a card waits in #moderators"

    async def approve(self) -> str:
        """Grace clicks Approve."""
        _ok(await self.pocket.click(GRACE, "request.approve", channel="#moderators"))
        await self.pocket.wait_message(MARGARET, "dm", self.address)
        self.contacts.append("margaret@example.org")
        return "Margaret was told by direct message"

    async def mail(self) -> str:
        """Margaret mails the group."""
        said = await self.pocket.compose(
            MARGARET, self.address, f"Lunch on Friday{self.number}?", "Shall we?\n", verdict="member"
        )
        _ok(said)
        return f"{said['code']} {said['text']}"

    async def arrive(self) -> str:
        """Every contact's mailbox has one copy."""
        for address in self.contacts:
            mails = await self.pocket.wait_mail(address, contains=f"Lunch on Friday{self.number}?", timeout=LONG)
            if len(mails) != 1:
                raise TourError(f"{address} has {len(mails)} copies")
        return f"{len(self.contacts)} mailboxes, one copy each"

    async def report(self) -> str:
        """The report in the channel is complete."""
        n = len(self.contacts)
        message = await self.pocket.wait_message(ADA, "#reports", SIGNS[self.language][0].format(n=n), timeout=LONG)
        found = re.search(r"[Rr]elayed to \d+ of \d+|[Tt]ransmis à \d+ sur \d+", self.pocket.text(message))
        return found[0].lower() if found else "complete"

    async def discard(self) -> str:
        """A stranger's mail is held, and Ada discards it by button."""
        _ok(
            await self.pocket.compose(
                f"eve{self.number}@example.net", self.address, "Buy now", "Cheap!\n", verdict="stranger"
            )
        )
        await self.pocket.wait_message(ADA, "#moderators", f"eve{self.number}@example.net", timeout=LONG)
        _ok(await self.pocket.click(ADA, "post.discard", channel="#moderators"))
        await self.pocket.wait_message(ADA, "#moderators", SIGNS[self.language][1], timeout=LONG)
        return "held with a card, discarded, nobody got it"

    async def leave(self) -> str:
        """Barbara leaves by the mail's one-click link, and gets nothing more."""
        mails = await self.pocket.wait_mail("barbara@example.org", contains=f"Lunch on Friday{self.number}?")
        _ok(await self.pocket.one_click(mails[-1]))
        self.contacts.remove("barbara@example.org")
        _ok(await self.pocket.compose(LINUS, self.address, f"Never mind{self.number}", "Rain.\n", verdict="member"))
        for address in self.contacts:
            await self.pocket.wait_mail(address, contains=f"Never mind{self.number}", timeout=LONG)
        n = len(self.contacts)
        await self.pocket.wait_message(ADA, "#reports", SIGNS[self.language][0].format(n=n), timeout=LONG)
        if any(
            mail["subject"] == f"Never mind{self.number}" for mail in await self.pocket.mailbox("barbara@example.org")
        ):
            raise TourError("Barbara still got a copy")
        return f"the next mail went to {n}"

    async def play(self, say: Callable[[str], None]) -> None:
        """Play every step; raises TourError, PocketError or TimeoutError from the one that fails, said by `say`."""
        steps: tuple[tuple[str, Callable[[], Awaitable[str]]], ...] = (
            ("A moderated group is made in the wizard", self.create),
            ("A person asks to join", self.ask),
            ("An administrator clicks Approve", self.approve),
            ("A member mails the group", self.mail),
            ("Every contact's mailbox has one copy", self.arrive),
            ("The report in the channel is complete", self.report),
            ("A stranger's mail is held and discarded", self.discard),
            ("A contact leaves by one-click", self.leave),
        )
        for person in (ADA, GRACE, LINUS, MARGARET, BARBARA):
            await self.pocket.post("person", person=person, fields={"locale": LOCALES[self.language]})
        for index, (title, step) in enumerate(steps, 1):
            began = perf_counter()
            try:
                seen = await step()
            except Exception:
                say(f"  {index}. {title}: FAILED after {perf_counter() - began:.2f} s")
                raise
            say(f"  {index}. {title}: {seen} ({perf_counter() - began:.2f} s)")


def _ok(answer: Json) -> None:
    if not answer.get("ok"):
        raise TourError(f"refused: {answer}")
