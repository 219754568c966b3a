"""An office where Slack fails a method at a time, and what is seen of it there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from store import memberships, outbox
from store.schema.group import Group
from store.terms import NoticeKind
from tests.bot.conftest import Office

ENDLESS = 1_000_000  # so often a method fails, and it can be seen that it did


@dataclass
class Desk:
    """An office in which one method at a time, `method`, fails in one way, `what`."""

    office: Office
    what: str
    method: str = ""

    @asynccontextmanager
    async def away(self) -> AsyncIterator[None]:
        """The method fails meanwhile, and is called."""
        await self.office.pocket.control(outage=self.what, methods=self.method, times=ENDLESS, retry_after=0)
        yield

        async def met() -> bool:
            faults = (await self.office.pocket.get("control"))["faults"]
            return any(fault["times"] < ENDLESS for fault in faults if fault["pattern"] == self.method)

        await self.office.until(met)
        await self.office.pocket.control(recover=True)

    async def group(self, **settings: Any) -> Group:
        return await self.office.group(self.method.lower().replace(".", "-"), **settings)

    async def tried(self, kind: NoticeKind, subject_id: int, times: int = 1) -> None:
        """Until it was tried in vain to say it."""

        async def in_vain() -> bool:
            async with self.office.database.reading() as tx:
                return any(one.attempts >= times for one in await outbox.placements(tx, kind, subject_id))

        await self.office.until(in_vain)

    async def said(self, person: str, channel: str, *texts: str) -> list[bool]:
        """Of every message with all those texts, oldest first, whether it is marked as one that may repeat."""
        await self.office.quiet()
        shown = map(self.office.pocket.text, await self.office.pocket.messages(person, channel))
        return ["may repeat" in one for one in shown if all(text in one for text in texts)]

    async def reported(self, group: Group) -> list[bool]:
        return await self.said("ada", "#moderators", "relayed to", group.address)

    async def asked(self, text: str, person: str = "ada") -> str:
        """Somebody types a command; gives the answer that is shown where they are."""
        seen = await self.office.pocket.messages(person, "#general")
        await self.office.pocket.command(person, "#general", f"/group {text}")
        return await self.told("#general", "", seen, person)

    async def told(self, channel: str, contains: str, seen: list[dict[str, Any]], person: str = "ada") -> str:
        """The newest message with that text, once there is one that is not among those `seen`."""
        after = seen[-1]["ts"] if seen else "0"
        return self.office.pocket.text(await self.office.pocket.wait_message(person, channel, contains, after=after))

    async def contacts(self, group: Group) -> set[str]:
        async with self.office.database.reading() as tx:
            return {str(row.address) for row in await memberships.page(tx, group.id, limit=100, only="contact")}

    async def files(self) -> int:
        return sum(len(one.get("files") or ()) for one in await self.office.pocket.messages("ada", "dm"))
