"""The mail room's half of the JSON API: mailboxes, composing, bounces, leaving by one click (see `pocket`)."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import formataddr, parseaddr
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web

from bot.sandbox.compose import VERDICTS, Letter, submit, write, write_bounce
from bot.sandbox.forms import ImpossibleError
from bot.sandbox.mailroom import Mail, Mailboxes
from bot.sandbox.people import People, Person
from bot.sandbox.pocket import post
from bot.sandbox.settings import Listen, Settings, is_loopback

Json = dict[str, Any]
ONE_CLICK = "List-Unsubscribe=One-Click"
LINK = re.compile(r"<\s*(https?://[^>]+?)\s*>")
MOST_ATTACHED = 200 * 1_048_576


class MailApi:
    """Mail as the workspace's people write and read it."""

    def __init__(
        self,
        settings: Settings,
        people: People,
        boxes: Mailboxes,
        clock: Callable[[], float],
        session: aiohttp.ClientSession,
    ) -> None:
        self._authserv_id = settings.authserv_id
        self._submit: Listen = settings.submit
        self._people = people
        self._boxes = boxes
        self._clock = clock
        self._session = session

    def routes(self) -> list[web.RouteDef]:
        """What to put in the application's table."""
        return [
            web.get("/pocket/mailboxes", self._mailboxes),
            web.get("/pocket/mailbox", self._mailbox),
            web.get("/pocket/mail/{id:\\d+}", self._mail),
            web.get("/pocket/mail/{id:\\d+}/raw", self._raw),
            web.post("/pocket/compose", post(self._compose)),
            web.post("/pocket/submit-raw", post(self._submit_raw)),
            web.post("/pocket/bounce", post(self._bounce)),
            web.post("/pocket/one-click", post(self._one_click)),
        ]

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), UTC)

    # ------------------------------------------------------------ reading

    async def _mailboxes(self, request: web.Request) -> web.Response:
        counts = self._boxes.counts()
        rows: list[Json] = [
            {"address": person.email, "count": counts.pop(person.email, 0), "person": person.id}
            for person in self._people
            if person.email is not None
        ]
        rows.extend({"address": address, "count": count, "person": None} for address, count in counts.items())
        return web.json_response({"mailboxes": rows})

    async def _mailbox(self, request: web.Request) -> web.Response:
        address = request.query.get("address", "")
        mails = [mail.as_page() for mail in self._boxes.of(address)]
        return web.json_response({"address": address, "mails": mails})

    def _found(self, number: object) -> Mail:
        mail = self._boxes.get(int(str(number)))
        if mail is None:
            raise ImpossibleError(f"there is no mail {number}")
        return mail

    async def _mail(self, request: web.Request) -> web.Response:
        mail = self._boxes.get(int(request.match_info["id"]))
        if mail is None:
            return web.json_response({"error": "there is no such mail"}, status=404)
        return web.json_response(mail.as_page(whole=True))

    async def _raw(self, request: web.Request) -> web.Response:
        mail = self._boxes.get(int(request.match_info["id"]))
        if mail is None:
            return web.json_response({"error": "there is no such mail"}, status=404)
        return web.Response(body=mail.raw, content_type="text/plain", headers={"X-Content-Type-Options": "nosniff"})

    # ------------------------------------------------------------ writing

    async def _compose(self, body: Json) -> Json:
        known: Person | None = self._people.find(str(body["author"]))
        author = str(body["author"])
        if known is not None and known.email is not None:
            author = formataddr((known.real_name, known.email))
        verdict = str(body.get("verdict") or ("member" if known is not None else "stranger"))
        attachment = int(body.get("attachment", 0))
        recipients = [str(to) for to in body["to"]]
        if verdict not in VERDICTS:
            raise ImpossibleError(f"verdict {verdict!r} is not one of {', '.join(VERDICTS)}")
        if "@" not in parseaddr(author)[1] or not recipients:
            raise ImpossibleError("a mail needs an author with an address, and somebody to write to")
        if not 0 <= attachment <= MOST_ATTACHED:
            raise ImpossibleError(f"an attachment of {attachment} bytes is out of reason")
        letter = Letter(
            author,
            recipients,
            str(body.get("subject", "")),
            str(body.get("body", "")),
            verdict,
            attachment,
            {str(name): str(value) for name, value in dict(body.get("headers", {})).items()},
        )
        raw, message_id = write(letter, self._authserv_id, self._now())
        mail_from = str(body.get("mail_from", parseaddr(author)[1]))
        return (await submit(self._submit, mail_from, recipients, raw, message_id)).as_page()

    async def _submit_raw(self, body: Json) -> Json:
        raw = base64.b64decode(str(body["raw"]), validate=True)
        recipients = [str(to) for to in body["to"]]
        return (await submit(self._submit, str(body["mail_from"]), recipients, raw)).as_page()

    async def _bounce(self, body: Json) -> Json:
        mail = self._found(body["mail"])
        if not mail.mail_from:
            raise ImpossibleError("this mail has no return path, so nothing may bounce (RFC 5321 6.1)")
        raw = write_bounce(
            mail.raw,
            recipient=mail.recipient,
            return_path=mail.mail_from,
            enhanced=str(body.get("enhanced", "5.1.1")),
            text=str(body.get("text", "no such mailbox")),
            now=self._now(),
        )
        return (await submit(self._submit, "", [mail.mail_from], raw)).as_page()

    async def _one_click(self, body: Json) -> Json:
        """The POST a mail program makes (RFC 8058 3.2): no cookies, no redirects, that one body."""
        mail = self._found(body["mail"])
        mime = mail.parsed()
        link = LINK.search(str(mime.get("List-Unsubscribe", "")))
        if link is None or str(mime.get("List-Unsubscribe-Post", "")).strip() != ONE_CLICK:
            raise ImpossibleError("this mail offers no leaving by one click")
        if not is_loopback(urlsplit(link[1]).hostname or ""):
            raise ImpossibleError("its link leads off this machine, where the mail room does not go")
        try:
            async with self._session.post(
                link[1],
                data=ONE_CLICK,
                headers={"Content-Type": "application/x-www-form-urlencoded"},
                allow_redirects=False,
            ) as answer:
                if answer.status == 200:
                    self._boxes.left(mail)
                return {"ok": answer.status == 200, "code": answer.status, "text": (await answer.text())[:2_000]}
        except aiohttp.ClientError as error:
            return {"ok": False, "code": 0, "text": f"{type(error).__name__}: {error}"}
