"""Every Web API method: its handler, the token and scopes it needs, and its rate tier.

Tiers from Slack's method reference; "post" is chat.postMessage's own rule, one a second and channel.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.sandbox.call import Call, Json
from bot.sandbox.methods import auth, blocks, chat, conversations, files, users, views

Handler = Callable[[Call], Awaitable[Json]]


@dataclass(frozen=True, slots=True)
class Method:
    """`token` is "bot", "app" or "none"; all of `scopes` are needed (methods may ask for more as they look closer)."""

    run: Handler
    tier: str
    scopes: tuple[str, ...] = ()
    token: str = "bot"  # noqa: S105 - the kind of a token, not one


METHODS: dict[str, Method] = {
    "api.test": Method(auth.api_test, "t4", token="none"),  # noqa: S106 - the kind of a token, not one
    "auth.test": Method(auth.auth_test, "none"),
    "apps.connections.open": Method(auth.connections_open, "t3", token="app"),  # noqa: S106 - as above
    "blocks.validate": Method(blocks.validate, "t4", token="none"),  # noqa: S106 - as above
    "chat.postMessage": Method(chat.post_message, "post", ("chat:write",)),
    "chat.postEphemeral": Method(chat.post_ephemeral, "t4", ("chat:write",)),
    "chat.update": Method(chat.update, "t3", ("chat:write",)),
    "chat.delete": Method(chat.delete, "t3", ("chat:write",)),
    "chat.getPermalink": Method(chat.get_permalink, "none"),
    "views.open": Method(views.open_view, "t4"),
    "views.push": Method(views.push_view, "t4"),
    "views.update": Method(views.update_view, "t4"),
    "views.publish": Method(views.publish_view, "t4"),
    "conversations.open": Method(conversations.open_direct, "t3", ("im:write",)),
    "conversations.info": Method(conversations.info, "t3"),
    "conversations.list": Method(conversations.listing, "t2"),
    "conversations.members": Method(conversations.members, "t4"),
    "conversations.history": Method(conversations.history, "t3"),
    "conversations.replies": Method(conversations.replies, "t3"),
    "conversations.join": Method(conversations.join, "t3", ("channels:join",)),
    "files.getUploadURLExternal": Method(files.upload_url, "t4", ("files:write",)),
    "files.completeUploadExternal": Method(files.complete_upload, "t4", ("files:write",)),
    "files.delete": Method(files.delete, "t3", ("files:write",)),
    "files.info": Method(files.info, "t4", ("files:read",)),
    "users.info": Method(users.info, "t4", ("users:read",)),
    "users.list": Method(users.listing, "t2", ("users:read",)),
    "users.lookupByEmail": Method(users.lookup_by_email, "t3", ("users:read.email",)),
    "users.conversations": Method(conversations.of_bot, "t3"),
    "usergroups.list": Method(users.group_listing, "t2", ("usergroups:read",)),
    "usergroups.users.list": Method(users.group_members, "t2", ("usergroups:read",)),
}
