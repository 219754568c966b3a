"""What the sandbox is told at its start: where to listen, which tokens to honour, which clocks to run by."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

BOT_PREFIX = "xoxb-pocket-"
APP_PREFIX = "xapp-pocket-"
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})

DEFAULT_SCOPES = frozenset(
    {
        "commands",
        "chat:write",
        "im:write",
        "users:read",
        "users:read.email",
        "channels:read",
        "groups:read",
        "channels:join",
        "usergroups:read",
        "files:write",
        "files:read",
    }
)
# What an installation from the manifest is asked for beside; a person may take them out.
OPTIONAL_SCOPES = frozenset({"channels:history", "groups:history", "im:history"})
DEFAULT_EVENTS = frozenset(
    {
        "app_home_opened",
        "member_joined_channel",
        "member_left_channel",
        "user_change",
        "team_join",
        "channel_archive",
        "channel_unarchive",
        "channel_deleted",
        "channel_left",
        "group_archive",
        "group_unarchive",
        "group_deleted",
        "group_left",
        "subteam_members_changed",
        "subteam_updated",
        "message.channels",
        "message.groups",
        "message.im",
    }
)


class StartRefusedError(Exception):
    """The settings do not allow a start; the message is the one line to print."""


@dataclass(frozen=True, slots=True)
class Listen:
    """A host and port; `http` and `smtp` write it as the start of a URL."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Shortcut:
    """One that the app has registered: `kind` is "message" or "global", `name` what people choose it by."""

    callback_id: str
    kind: str
    name: str


DEFAULT_SHORTCUTS = (
    Shortcut("message_to_group", "message", "Mail to a group"),
    Shortcut("mail_to_group", "global", "Write to a group"),
)


@dataclass(frozen=True, slots=True)
class Settings:
    """All that can be set. Times are seconds; `event_retries` are the delays before each redelivery; `names` is where a
    nameserver answers that nothing exists, None for nowhere."""

    listen: Listen = Listen("127.0.0.1", 8025)
    sink: Listen = Listen("127.0.0.1", 2526)
    submit: Listen = Listen("127.0.0.1", 2525)
    names: Listen | None = None
    authserv_id: str = "mailroom.localhost"
    mailroom_only: bool = False
    request_url: str | None = None
    signing_secret: str = "pocket-signing-secret"  # noqa: S105 - stands for no real workspace
    bot_token: str = f"{BOT_PREFIX}postroom"
    app_token: str = f"{APP_PREFIX}postroom"
    commands: tuple[str, ...] = ("/group",)
    shortcuts: tuple[Shortcut, ...] = DEFAULT_SHORTCUTS
    scopes: frozenset[str] = DEFAULT_SCOPES
    events: frozenset[str] = DEFAULT_EVENTS
    ack_deadline: float = 3.0
    event_retries: tuple[float, ...] = (0.0, 60.0, 300.0)
    ping_interval: float = 30.0
    tiers: bool = True


def parse_listen(name: str, text: str) -> Listen:
    """`host:port` (or `[::1]:port`) of setting `name`; StartRefusedError when it is malformed or not loopback."""
    host, _, port = text.rpartition(":")
    host = host.strip("[]")
    if not host or not port.isdecimal() or int(port) > 65_535:
        raise StartRefusedError(f"{name}={text!r} is not of the form host:port")
    if not is_loopback(host):
        raise StartRefusedError(f"{name}={text!r} is not a loopback address; the sandbox listens nowhere else")
    return Listen(host, int(port))


def is_loopback(host: str) -> bool:
    """Whether a host name or address can only mean this machine."""
    if host in LOOPBACK_NAMES:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _relay(text: str) -> Listen:
    url = urlsplit(text)
    if url.scheme != "smtp" or not url.hostname:
        raise StartRefusedError(
            f"POSTROOM_RELAY={text.split('@')[-1]!r} is not an smtp:// address the mail room can stand at"
        )
    return parse_listen("POSTROOM_RELAY", f"{url.hostname}:{url.port or 25}")


def read_settings(environ: Mapping[str, str], *, mailroom_only: bool, request_url: str | None) -> Settings:
    """The settings of the environment.

    Raises StartRefusedError: for a listen address off loopback, a request URL off loopback or without a signing secret,
    and for a workspace beside tokens that are not a pocket workspace's, which may be a real one's.
    """
    bot_token = environ.get("SLACK_BOT_TOKEN", "")
    app_token = environ.get("SLACK_APP_TOKEN", "")
    if not mailroom_only:
        for name, value, prefix in (
            ("SLACK_BOT_TOKEN", bot_token, BOT_PREFIX),
            ("SLACK_APP_TOKEN", app_token, APP_PREFIX),
        ):
            if value and not value.startswith(prefix):
                raise StartRefusedError(
                    f"{name} does not begin with {prefix}: it may be a real workspace's, and the pocket workspace "
                    "does not start beside one (--mailroom alone does)"
                )
    secret = environ.get("SLACK_SIGNING_SECRET", "")
    if request_url is not None:
        if not is_loopback(urlsplit(request_url).hostname or ""):
            raise StartRefusedError(f"--request-url {request_url!r} is not a loopback URL")
        if not secret:
            raise StartRefusedError("--request-url needs SLACK_SIGNING_SECRET, with which requests are signed")
    default = Settings()
    names = environ.get("POSTROOM_SANDBOX_NAMES")
    return Settings(
        listen=parse_listen("POSTROOM_SANDBOX_LISTEN", environ.get("POSTROOM_SANDBOX_LISTEN") or str(default.listen)),
        sink=_relay(environ.get("POSTROOM_RELAY") or f"smtp://{default.sink}"),
        submit=parse_listen("POSTROOM_SMTP_LISTEN", environ.get("POSTROOM_SMTP_LISTEN") or str(default.submit)),
        names=parse_listen("POSTROOM_SANDBOX_NAMES", names) if names else None,
        authserv_id=environ.get("POSTROOM_AUTHSERV_ID") or default.authserv_id,
        mailroom_only=mailroom_only,
        request_url=request_url,
        signing_secret=secret or default.signing_secret,
        bot_token=bot_token or default.bot_token,
        app_token=app_token or default.app_token,
        commands=(environ.get("POSTROOM_COMMAND") or default.commands[0],),
        scopes=DEFAULT_SCOPES | OPTIONAL_SCOPES,
    )
