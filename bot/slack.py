"""The one place that calls Slack: typed functions, one shared connection pool, no blind retries.

The SDK's retry handlers are off: Slack has no idempotency key, so a retried post stands there twice. Who calls decides
by the kind of fault (`bot.faults`). Everything posted has unfurling, name linking and parsing off, so that nothing in
a mail's subject rings, links or is fetched (a tracking pixel) by Slack.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, Self

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot import refusals, responses
from bot.faults import Denied, Gone, RateLimited, SlackFault, Unreachable
from bot.shares import MOST, Shares
from bot.views import limits
from bot.views.blocks import Shown, View
from bot.views.ids import NOTICE_EVENT

TIMEOUT = aiohttp.ClientTimeout(total=20, connect=5)
PAGE = 200
MEMBERS = 1000  # as many as conversations.members gives at once: five calls for 5,000 people
QUIET = {"unfurl_links": False, "unfurl_media": False, "parse": "none", "link_names": False, "mrkdwn": True}
WHISPERED = {"parse": "none", "link_names": False}
REFUSED = frozenset({"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long"})
REFUSED_ANSWERS = REFUSED | {"invalid_arguments", "invalid_payload"}  # a response_url tells less
POSTING = ("chat.postMessage", "chat.postEphemeral", "chat.update", "views.", "files.completeUploadExternal")


@dataclass(frozen=True, slots=True)
class Identity:
    """Who we are to Slack, of auth.test: our team, our bot's user id, and the scopes that were granted; `at` is the
    time by Slack's clock."""

    team_id: str
    enterprise_id: str | None
    bot_user_id: str
    bot_id: str
    scopes: frozenset[str]
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Channel:
    """What matters of a conversation: `member` says whether we are in it and so may post, `shared` whether people of
    another organisation read along (Slack Connect)."""

    id: str
    name: str
    private: bool
    direct: bool
    archived: bool
    member: bool
    shared: bool = False

    @property
    def confidential(self) -> bool:
        """Whether only people of this workspace read it whom somebody let in."""
        return self.private and not self.shared


@dataclass(frozen=True, slots=True)
class UserGroup:
    """What matters of a user group: `changed` is Slack's own time of its last change, in epoch seconds."""

    id: str
    handle: str
    name: str
    disabled: bool
    changed: int


class Slack:
    """Slack's Web API as this product uses it. Every method raises a SlackFault and nothing else."""

    def __init__(self, client: AsyncWebClient, session: aiohttp.ClientSession) -> None:
        self.client = client
        self._session = session
        self.identity: Identity | None = None
        self._shares = Shares(self._call, session, api_url=client.base_url, token=client.token or "")
        self._plain = False  # the newer kinds of blocks were refused here

    @classmethod
    def connect(cls, *, token: str, api_url: str) -> Self:
        """Inside the running loop. Nothing is called yet. End with `close`."""
        session = aiohttp.ClientSession(timeout=TIMEOUT)
        # The SDK logs bodies at DEBUG: secrets and mail contents stay out of the log whatever its level.
        quiet = logging.getLogger("slack_sdk.web")
        quiet.setLevel(logging.WARNING)
        client = AsyncWebClient(token=token, base_url=api_url, session=session, retry_handlers=[], logger=quiet)
        return cls(client, session)

    async def close(self) -> None:
        await self._session.close()

    # ------------------------------------------------------------ who

    async def authenticate(self) -> Identity:
        """auth.test: proves the token and tells who we are; kept in `identity`."""
        answer, headers = await self._call("auth.test")
        self.identity = Identity(
            team_id=answer["team_id"],
            enterprise_id=answer.get("enterprise_id"),
            bot_user_id=answer["user_id"],
            bot_id=answer.get("bot_id", ""),
            scopes=frozenset(s.strip() for s in headers.get("x-oauth-scopes", "").split(",") if s.strip()),
            at=_moment(headers.get("date", "")),
        )
        return self.identity

    async def socket_address(self, app_token: str) -> str:
        """apps.connections.open: where a socket may be opened, once. Raises Denied where the token may not."""
        try:
            answer = await self.client.api_call(
                "apps.connections.open", headers={"Authorization": f"Bearer {app_token}"}
            )
        except SlackApiError as error:
            raise refusals.refused(error.response, "apps.connections.open") from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise refusals.silent(error, "apps.connections.open") from error
        return str(answer["url"])

    async def reachable(self) -> bool:
        """Does Slack answer at all? Asked before anything is posted that may already stand there."""
        try:
            await self._call("api.test")
        except SlackFault:
            return False
        return True

    async def takes_posts(self) -> bool:
        """Does what posts answer, which may be away alone? Asked with what cannot stand: nothing, for nowhere."""
        try:
            await self._call("chat.postMessage", channel="", text="")
        except Unreachable:
            return False
        except SlackFault:
            return True
        return True

    async def person(self, slack_id: str) -> Mapping[str, Any]:
        """users.info, with the locale."""
        answer, _ = await self._call("users.info", user=slack_id, include_locale=True)
        return dict(answer["user"])

    async def people(self) -> AsyncIterator[list[Mapping[str, Any]]]:
        """users.list, a page at a time; a rate limit is waited out (a tier of 20 calls a minute)."""
        cursor = ""
        while True:
            try:
                answer, _ = await self._call("users.list", limit=PAGE, include_locale=True, cursor=cursor)
            except RateLimited as limit:
                await asyncio.sleep(limit.seconds)
                continue
            yield answer["members"]
            cursor = _next(answer)
            if not cursor:
                return

    async def in_user_group(self, usergroup_id: str) -> list[str]:
        """The Slack ids in a user group; needs the optional scope usergroups:read."""
        answer, _ = await self._call("usergroups.users.list", usergroup=usergroup_id)
        return list(answer["users"])

    async def user_group(self, usergroup_id: str) -> UserGroup:
        """What usergroups.list says of one, a disabled one too. Raises Gone where there is none of that id."""
        answer, _ = await self._call("usergroups.list", include_disabled=True)
        for found in answer["usergroups"]:
            if found["id"] == usergroup_id:
                changed, deleted = int(found.get("date_update") or 0), bool(found.get("date_delete"))
                return UserGroup(usergroup_id, str(found["handle"]), str(found["name"]), deleted, changed)
        raise Gone("no_such_subteam")

    async def members(self, channel_id: str, cursor: str = "") -> tuple[list[str], str]:
        """A thousand of the Slack ids in a channel, and the cursor of the next thousand; "" after the last."""
        answer, _ = await self._call("conversations.members", channel=channel_id, limit=MEMBERS, cursor=cursor)
        return list(answer["members"]), _next(answer)

    # ------------------------------------------------------------ channels

    async def channel(self, channel_id: str) -> Channel:
        """conversations.info. Raises Gone where the channel is unknown to us (a private one we are not in)."""
        if channel_id.startswith("D"):  # to look at one would take another scope, and its id says all there is
            return Channel(channel_id, "", private=True, direct=True, archived=False, member=True)
        answer, _ = await self._call("conversations.info", channel=channel_id)
        info = answer["channel"]
        direct = bool(info.get("is_im") or info.get("is_mpim"))
        return Channel(
            id=info["id"],
            name=info.get("name", ""),
            private=bool(info.get("is_private") or info.get("is_group")),
            direct=direct,
            archived=bool(info.get("is_archived")),
            member=direct or bool(info.get("is_member")),
            shared=bool(info.get("is_ext_shared")),
        )

    async def open_dm(self, slack_id: str) -> str:
        """The id of our direct message with that person."""
        answer, _ = await self._call("conversations.open", users=slack_id)
        return str(answer["channel"]["id"])

    # ------------------------------------------------------------ messages

    async def post(
        self, channel_id: str, shown: Shown, *, placement: int | None = None, thread: str | None = None
    ) -> tuple[str, str]:
        """Post a message; gives its (channel, ts). `placement` goes into its metadata: an id and nothing else.
        `thread` is the ts of the message that it answers."""
        more: dict[str, Any] = dict(QUIET)
        if thread is not None:
            more["thread_ts"] = thread
        if placement is not None:
            more["metadata"] = {"event_type": NOTICE_EVENT, "event_payload": {"placement": placement}}
        answer = await self._shown("chat.postMessage", shown, channel=channel_id, **more)
        return str(answer["channel"]), str(answer["ts"])

    async def whisper(self, channel_id: str, slack_id: str, shown: Shown, *, thread: str) -> None:
        """Say something in a thread to one person alone; gone when they reload, and nothing to rely on."""
        await self._shown("chat.postEphemeral", shown, channel=channel_id, user=slack_id, thread_ts=thread, **WHISPERED)

    async def said(self, channel_id: str, thread: str, ts: str) -> Mapping[str, Any] | None:
        """What stands at `ts` in a thread now; None if nothing does. Needs the scope of that conversation's history."""
        where: dict[str, Any] = {"channel": channel_id, "ts": thread, "oldest": ts, "latest": ts, "inclusive": True}
        answer, _ = await self._call("conversations.replies", **where)
        return next((one for one in answer["messages"] if one.get("ts") == ts), None)

    async def stands(self, channel_id: str, ts: str) -> bool:
        """False if a message was deleted; True if it is there, or Slack would not say. Takes no scope."""
        try:
            await self._call("chat.getPermalink", channel=channel_id, message_ts=ts)
        except (Gone, Denied) as refusal:
            return refusal.error != "message_not_found"
        return True

    async def update(self, channel_id: str, ts: str, shown: Shown) -> None:
        """Redraw a message of ours. `channel_id` is a conversation's, never a person's."""
        await self._shown("chat.update", shown, channel=channel_id, ts=ts, parse="none", link_names=False)

    async def find_placement(
        self, channel_id: str, placement: int, oldest: float, *, thread: str | None = None
    ) -> str | None:
        """The ts of our message with that placement in its metadata, not older than `oldest` (epoch seconds); in a
        thread, which a channel's history does not hold, where one is named."""
        where: dict[str, Any] = {"channel": channel_id, "oldest": f"{oldest:.6f}", "limit": PAGE}
        where |= {"include_all_metadata": True, "cursor": ""}
        method = "conversations.history"
        if thread is not None:
            method, where["ts"] = "conversations.replies", thread
        while True:  # much may have been said since
            answer, _ = await self._call(method, **where)
            for message in answer["messages"]:
                metadata = message.get("metadata") or {}
                known = metadata.get("event_type") == NOTICE_EVENT and self.ours(message)
                if known and (metadata.get("event_payload") or {}).get("placement") == placement:
                    return str(message["ts"])
            where["cursor"] = _next(answer)
            if not where["cursor"]:
                return None

    async def respond(self, response_url: str, shown: Shown, *, in_place: bool = False) -> None:
        """Answer a command or click, seen by its person alone. Five uses in 30 minutes, then Gone."""
        body = {
            "response_type": "ephemeral",
            "replace_original": in_place,
            "text": shown.text,
            "blocks": self._fitting(shown),
            "unfurl_links": False,
            "unfurl_media": False,
        }
        try:
            await responses.send(self._session, response_url, body)
        except Gone as gone:
            if gone.error not in REFUSED_ANSWERS or shown.instead is None or body["blocks"] is shown.instead:
                raise
            self._refused(gone)
            await responses.send(self._session, response_url, body | {"blocks": shown.instead})

    # ------------------------------------------------------------ files

    async def upload(
        self, where: str, name: str, content: bytes, comment: str = "", *, thread: str | None = None
    ) -> str:
        """Share a file in a conversation or, given a person's id, in our direct message; gives the file's id.

        `comment` is mrkdwn, escaped already. Needs files:write.
        """
        channel_id = await self.open_dm(where) if where.startswith(("U", "W")) else where
        return await self._shares.upload(channel_id, name, content, comment=comment, thread=thread)

    async def download(self, file_id: str, *, most: int = MOST, of: str | None = None) -> tuple[str, bytes]:
        """Name and octets of a file that the person `of` gave to us. Denied(file_too_large) beyond `most`. Needs
        files:read."""
        return await self._shares.download(file_id, most=most, of=of)

    # ------------------------------------------------------------ views

    async def open_view(self, trigger_id: str, view: View) -> str:
        """Open a modal within 3 s of the act that gave the trigger; gives the view's id."""
        answer, _ = await self._call("views.open", trigger_id=trigger_id, view=view)
        return str(answer["view"]["id"])

    async def push_view(self, trigger_id: str, view: View) -> str:
        """Lay a modal over the open one; three fit. Raises Denied(push_limit_reached)."""
        answer, _ = await self._call("views.push", trigger_id=trigger_id, view=view)
        return str(answer["view"]["id"])

    async def update_view(self, view_id: str, view: View, *, view_hash: str | None = None) -> None:
        """Redraw an open modal; typed values stay where block and action ids do. Denied(hash_conflict): it moved on."""
        more = {"hash": view_hash} if view_hash else {}
        await self._call("views.update", view_id=view_id, view=view, **more)

    async def update_marked(self, mark: str, view: View) -> None:
        """Redraw the open modal that has this `external_id`. Raises Denied where there is none (yet, or any more)."""
        await self._call("views.update", external_id=mark, view=view)

    async def publish_home(self, slack_id: str, view: View, *, view_hash: str | None = None) -> None:
        """Set what that person sees in our Home tab."""
        more = {"hash": view_hash} if view_hash else {}
        await self._call("views.publish", user_id=slack_id, view=view, **more)

    # ------------------------------------------------------------ the wire

    def ours(self, message: Mapping[str, Any]) -> bool:
        """Whether we posted a message."""
        # Metadata can be forged by any app of the workspace; the author of a message cannot.
        return self.identity is not None and message.get("bot_id") == self.identity.bot_id

    async def _shown(self, method: str, shown: Shown, **arguments: Any) -> Mapping[str, Any]:
        blocks = self._fitting(shown)
        try:
            answer, _ = await self._call(method, text=shown.text, blocks=blocks, **arguments)
        except Denied as refusal:
            if refusal.error not in REFUSED:
                raise
            self._refused(refusal)
            if shown.instead is not None and blocks is not shown.instead:
                return await self._shown(method, Shown(shown.text, shown.instead), **arguments)
            # What is to be said is said without its form.
            answer, _ = await self._call(method, text=shown.text, blocks=[], **arguments)
        return answer

    def _fitting(self, shown: Shown) -> list[dict[str, Any]]:
        """The blocks, or the plainer ones that stand for them once this workspace has refused the newer kinds."""
        return shown.instead if self._plain and shown.instead is not None else shown.blocks

    def _refused(self, fault: Denied | Gone) -> None:
        log = logging.getLogger("bot.slack")
        # Only a kind that this workspace does not have is refused for good: any other reason lies in one message.
        if limits.NEWER & refusals.unknown_kinds(str(fault)):
            log.warning("blocks.newer_refused cause=%s", fault)
            self._plain = True
        else:
            log.error("blocks.refused cause=%s", fault, exc_info=fault)  # Slack's own limits moved, or ours are wrong

    async def _call(self, method: str, **arguments: Any) -> tuple[Mapping[str, Any], Mapping[str, str]]:
        # Booleans and structures alike survive JSON; the reading methods take form fields only.
        body: dict[str, Any] = (
            {"json": arguments} if method.startswith(POSTING) else {"params": arguments, "http_verb": "GET"}
        )
        try:
            answer = await self.client.api_call(method, **body)
        except SlackApiError as error:
            raise refusals.refused(error.response, method) from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise refusals.silent(error, method) from error
        data = answer.data
        if not isinstance(data, dict):
            raise Unreachable(f"{method} answered no JSON", uncertain=method in refusals.LEAVING)
        return data, {key.lower(): value for key, value in dict(answer.headers).items()}


def _moment(date: str) -> datetime | None:
    """The moment that an HTTP Date field names (RFC 9110 6.6.1); None where there is none."""
    try:
        return parsedate_to_datetime(date)
    except ValueError:
        return None


def _next(answer: Mapping[str, Any]) -> str:
    """The cursor of the next page, "" after the last."""
    return (answer.get("response_metadata") or {}).get("next_cursor") or ""
