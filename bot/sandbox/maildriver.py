"""The driver's mail half: composing, reading mailboxes, bouncing, leaving by one click."""

from __future__ import annotations

import base64
from typing import Any

from bot.sandbox.link import Link, PocketError

Json = dict[str, Any]


class MailDriver(Link):
    """Hands and eyes in the mail room."""

    async def compose(
        self,
        author: str,
        to: str | list[str],
        subject: str = "",
        body: str = "",
        *,
        verdict: str | None = None,
        attachment: int = 0,
        headers: dict[str, str] | None = None,
        mail_from: str | None = None,
    ) -> Json:
        """Write a mail as a person, as somebody pretending ("pretend"), or as a stranger; the SMTP answer."""
        return await self.post(
            "compose",
            author=author,
            to=[to] if isinstance(to, str) else to,
            subject=subject,
            body=body,
            verdict=verdict,
            attachment=attachment,
            headers=headers,
            mail_from=mail_from,
        )

    async def submit_raw(self, mail_from: str, to: list[str], raw: bytes) -> Json:
        """Hand over these very octets; the SMTP answer."""
        return await self.post("submit-raw", mail_from=mail_from, to=to, raw=base64.b64encode(raw).decode())

    async def mailbox(self, address: str) -> list[Json]:
        """What an address has received, oldest first."""
        return list((await self.get("mailbox", address=address))["mails"])

    async def mailboxes(self) -> dict[str, int]:
        """Mails per address."""
        rows = (await self.get("mailboxes"))["mailboxes"]
        return {row["address"]: row["count"] for row in rows}

    async def mail(self, mail: Json | int) -> Json:
        """One mail with headers and text."""
        return await self.get(f"mail/{_number(mail)}")

    async def raw_mail(self, mail: Json | int) -> bytes:
        """One mail's octets."""
        async with self.session.get(f"{self.base}/pocket/mail/{_number(mail)}/raw") as answer:
            if answer.status != 200:
                raise PocketError(await answer.text())
            return await answer.read()

    async def wait_mail(
        self,
        address: str,
        *,
        count: int = 1,
        contains: str = "",
        timeout: float = 10.0,  # noqa: ASYNC109 - a deadline is its purpose
    ) -> list[Json]:
        """The mails of an address whose subject contains this, once there are `count`."""

        async def look() -> list[Json] | None:
            mails = [mail for mail in await self.mailbox(address) if contains in mail["subject"]]
            return mails if len(mails) >= count else None

        found: list[Json] = await self.wait_for(look, timeout, f"{count} mails for {address} with {contains!r}")
        return found

    async def bounce(self, mail: Json | int, *, enhanced: str | None = None, text: str | None = None) -> Json:
        """Bounce a mail to its return path; the SMTP answer."""
        return await self.post("bounce", mail=_number(mail), enhanced=enhanced, text=text)

    async def one_click(self, mail: Json | int) -> Json:
        """Leave by a mail's one-click link (RFC 8058)."""
        return await self.post("one-click", mail=_number(mail))


def _number(mail: Json | int) -> int:
    return mail if isinstance(mail, int) else int(mail["id"])
