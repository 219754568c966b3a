"""What a handler is given: the person who acts and where, the store, Slack, and the ways to answer.

No handler touches Bolt: `bot.app` turns Slack's payloads into these values, `bot.guarded` turns what a handler raises
into an answer in the right place.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import structlog

from bot import answering
from bot.faults import Denied, Gone, RateLimited, SlackFault, Unreachable
from bot.payloads import Answer, Clear, Click, Command, Errors, Payload, Push, Shortcut, Submission, Typed, Update
from bot.permissions import Judgement, Verb, Who, judge, sees_hidden
from bot.views import answers, escape
from bot.views.blocks import Shown, View
from store import memberships, persons
from store.names import Served
from store.terms import Refused
from store.texts import say

if TYPE_CHECKING:
    from bot.directory import Directory
    from bot.settings import BotSettings
    from bot.slack import Slack
    from store.engine import Database, Reading
    from store.schema.group import Group
    from store.schema.person import Person
    from store.terms import Actor


log = structlog.get_logger()


class NotAllowed(Exception):  # noqa: N818 - an answer to a person
    """The person may not do this: `slack.denied.<reason>`, about the group `address` ("" where it is about none)."""

    def __init__(self, reason: str, address: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.address = address


@dataclass(frozen=True, slots=True)
class Services:
    """What lives as long as the process."""

    database: Database
    settings: BotSettings
    slack: Slack
    directory: Directory

    @property
    def served(self) -> Served:
        return Served(self.settings.domains, self.settings.published_domains)


@dataclass(slots=True)
class Context:
    """One act of one person; `thread` is the channel and ts of the thread where it was done."""

    services: Services
    person: Person
    trigger_id: str = ""
    response_url: str | None = None
    thread: tuple[str, str] | None = None
    view: Payload | None = None
    opened: list[str] = field(default_factory=list)

    @property
    def database(self) -> Database:
        return self.services.database

    @property
    def settings(self) -> BotSettings:
        return self.services.settings

    @property
    def slack(self) -> Slack:
        return self.services.slack

    @property
    def served(self) -> Served:
        return self.services.served

    def serves(self, address: str) -> bool:
        """Whether mail to an address comes to us first, its domain being served here."""
        return address.rpartition("@")[2] in self.served.domains

    @property
    def language(self) -> str:
        """The person's locale; the catalogue falls back to English."""
        return self.person.locale

    def say(self, key: str, /, *, n: int | None = None, **values: object) -> str:
        """A text of the catalogue for a mrkdwn place, values escaped."""
        return say(self.language, key, via=escape.mrkdwn, n=n, **values)

    def say_plain(self, key: str, /, *, n: int | None = None, **values: object) -> str:
        """A text of the catalogue for a plain_text place (titles, labels, buttons, input errors)."""
        return say(self.language, key, via=escape.plain, n=n, **values)

    # ------------------------------------------------------------ rights

    def actor(self, judgement: Judgement | None = None) -> Actor:
        """The person as the audit names them."""
        return persons.actor(self.person, bool(judgement and judgement.as_operator))

    async def who(self, tx: Reading, group: Group | None) -> Who:
        """The person as permissions see them, to `group` or to none."""
        return await who(tx, self.person, group)

    async def require(self, tx: Reading, verb: Verb, group: Group | None = None) -> Actor:
        """The actor, if the person may. Asked at the click and again at the submit.

        Raises NotAllowed; of a group hidden from the person Refused `group_gone`, as of one that never was.
        """
        seen = await self.who(tx, group)
        judgement = judge(verb, seen)
        if judgement.allowed:
            return self.actor(judgement)
        if group is not None and group.hidden and not sees_hidden(seen):
            raise Refused("group_gone")
        raise NotAllowed(judgement.reason, group.address if group is not None else "")

    # ------------------------------------------------------------ answers

    async def answer(self, shown: Shown | str, *, in_place: bool = False) -> None:
        """Tell the person alone, where they are: ephemerally, or in a modal over the view they clicked in.

        `in_place` replaces the ephemeral message that was clicked. Where that is not taken (used up, too old, closed,
        Slack away) it comes by direct message. Raises SlackFault if no way is open.
        """
        if isinstance(shown, str):
            shown = answers.told(shown)
        try:
            if self.response_url is not None:
                if not in_place and await self._whispered(shown):
                    return
                await self.slack.respond(self.response_url, shown, in_place=in_place)
                return
            if self.trigger_id and not self.opened:
                await self.modal(answers.modal(self.language, shown))
                return
        except SlackFault as fault:
            log.info("answer.moved", person=self.person.slack_id, cause=fault)
        await self.by_dm(shown)

    async def _whispered(self, shown: Shown) -> bool:
        """Told in the thread where they are: a response_url answers under the channel, which the thread may hide."""
        if self.thread is None:
            return False
        channel_id, ts = self.thread
        try:
            await self.slack.whisper(channel_id, self.person.slack_id, shown, thread=ts)
        except SlackFault as fault:
            log.info("answer.unthreaded", person=self.person.slack_id, cause=fault)
            return False
        return True

    async def modal(self, view: View) -> str:
        """Open a modal, or lay it over the one the click was in; gives its id. The trigger lives 3 s and once."""
        over = self.view is not None and self.view.get("type") == "modal"
        put = self.slack.push_view if over else self.slack.open_view
        try:
            view_id = await put(self.trigger_id, view)
        except (RateLimited, Unreachable):
            self.trigger_id = ""  # when Slack is back it has expired
            raise
        except Denied as refusal:
            if refusal.error != "push_limit_reached" or self.view is None:
                raise
            view_id = str(self.view["id"])
            await self.slack.update_view(view_id, view)
        self.opened.append(view_id)
        return view_id

    async def redraw(self, view: View, *, said: str = "") -> None:
        """Redraw the view that was clicked in; a view that moved on meanwhile is left as it is.

        `said` is what was done (mrkdwn). It is told all the same where Slack does not redraw: what is done is done,
        and who is told to try again does it twice.
        """
        if self.view is None:
            return
        if view["type"] == "home":
            await self.slack.publish_home(self.person.slack_id, view)
            return
        try:
            await self.slack.update_view(str(self.view["id"]), view)
        except (Gone, Denied) as fault:
            if fault.error not in {"not_found", "view_not_found", "hash_conflict"}:
                raise
        except (RateLimited, Unreachable):
            if not said:
                raise
            await self.answer(said)

    async def by_dm(self, shown: Shown) -> None:
        """Tell the person alone, wherever they are. Raises SlackFault."""
        await answering.by_dm(self.slack, self.person.slack_id, shown)


async def who(tx: Reading, person: Person, group: Group | None) -> Who:
    """A person as permissions see them: fresh from the rows, whatever a view was drawn from."""
    row = None
    if group is not None and group.id is not None:
        row = await memberships.find(tx, group.id, person_id=person.id)
    return Who(
        operator=person.operator,
        administrator=bool(row and row.administrator),
        moderator=bool(row and row.moderator),
        member=row is not None,
        guest=person.guest,
        stranger=person.stranger,
        gone=person.deactivated or person.bot,
    )


ActionHandler = Callable[[Context, Click], Awaitable[None]]
FormHandler = Callable[[Context, Submission], Awaitable[Answer]]
CommandHandler = Callable[[Context, Command], Awaitable[None]]
HomeHandler = Callable[[Context], Awaitable[None]]
ShortcutHandler = Callable[[Context, Shortcut], Awaitable[None]]
OptionsHandler = Callable[[Context, str], Awaitable[list[dict[str, Any]]]]
TypedHandler = Callable[[Services, Typed], Awaitable[None]]

__all__ = [
    "ActionHandler",
    "Answer",
    "Clear",
    "Click",
    "Command",
    "CommandHandler",
    "Context",
    "Errors",
    "FormHandler",
    "HomeHandler",
    "NotAllowed",
    "OptionsHandler",
    "Push",
    "Services",
    "Shortcut",
    "ShortcutHandler",
    "Submission",
    "Typed",
    "TypedHandler",
    "Update",
    "who",
]
