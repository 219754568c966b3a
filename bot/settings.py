"""The bot's settings: Slack's tokens, who is operator, the command's name. Read once, frozen, passed down."""

import re
from typing import Annotated, Self

from pydantic import Field, SecretStr, field_validator

from store.naming import Naming
from store.settings import Optional, SettingsRefused, StoreSettings, Words

SLACK_ID = re.compile(r"[UWS][A-Z0-9]{1,31}")
SLACK_API = "https://slack.com/api/"


class BotSettings(StoreSettings):
    """What `python -m bot` needs besides the store's."""

    bot_token: SecretStr = Field(
        validation_alias="SLACK_BOT_TOKEN",
        description="the bot token of the Slack app (xoxb-…), from its page OAuth & Permissions",
    )
    app_token: SecretStr | None = Field(
        None,
        validation_alias="SLACK_APP_TOKEN",
        description="the app-level token (xapp-…) with the scope connections:write, for Socket Mode",
    )
    signing_secret: SecretStr | None = Field(
        None, validation_alias="SLACK_SIGNING_SECRET", description="the signing secret of the Slack app, for --http"
    )
    api_url: str = Field(SLACK_API, validation_alias="SLACK_API_URL", description="the address of Slack's Web API")
    operators: Words = Field(
        (), description="Slack ids of people (U…) or of one user group (S…), comma-separated; none: owners and admins"
    )
    hostname: Annotated[str | None, Optional] = Field(
        None, description="the name of the server that people's devices sign in to, such as mail.example.org"
    )
    submission_listen: Words = Field(
        (), description="host:port, comma-separated, as for the bridge: where people's devices sign in"
    )
    name_prefix: str = Field("", description="what every new group's local part begins with, such as grp-")
    name_suffix: str = Field("", description="what every new group's local part ends with, such as -list")
    name_blocked: Words = Field((), description="words that no part of a new group's address may be, comma-separated")
    command: str = Field("/group", description="the slash command as the Slack app names it, such as /group")

    @field_validator("bot_token")
    @classmethod
    def _bot_token(cls, value: SecretStr) -> SecretStr:
        if not value.get_secret_value().strip().startswith("xoxb-"):
            raise ValueError("it is not a bot token")
        return value

    @field_validator("app_token")
    @classmethod
    def _app_token(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not value.get_secret_value().strip().startswith("xapp-"):
            raise ValueError("it is not an app-level token")
        return value

    @field_validator("operators")
    @classmethod
    def _slack_ids(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for word in value:
            if not SLACK_ID.fullmatch(word):
                raise ValueError(f"{word[:40]!r} is no Slack id")
        return value

    @field_validator("name_prefix", "name_suffix")
    @classmethod
    def _local_part(cls, value: str) -> str:
        if not re.fullmatch(r"[a-z0-9._-]{0,24}", value):
            raise ValueError("it is up to 24 of a-z, 0-9, dot, hyphen and underscore")
        return value

    @field_validator("command")
    @classmethod
    def _slash(cls, value: str) -> str:
        if not re.fullmatch(r"/[a-z0-9_-]{1,31}", value):
            raise ValueError("a command is a slash and up to 31 lower-case letters, digits, - or _")
        return value

    @field_validator("submission_listen")
    @classmethod
    def _doors(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            if not re.fullmatch(r"\S*:\d{1,5}", text):
                raise ValueError(f"{text[:80]!r} is not host:port")
        return value

    @field_validator("api_url")
    @classmethod
    def _api_url(cls, value: str) -> str:
        if not re.match(r"https?://[^/]+/", value):
            raise ValueError("it is not a web address ending in /api/")
        return value if value.endswith("/") else f"{value}/"

    @property
    def submission(self) -> tuple[str, int] | None:
        """Host and port that people's devices sign in at; None where they cannot."""
        if not self.submission_listen:
            return None
        return self.hostname or self.domains[0], int(self.submission_listen[0].rpartition(":")[2])

    @property
    def naming(self) -> Naming:
        """The rules for the addresses that people give to groups."""
        return Naming(self.name_prefix, self.name_suffix, self.name_blocked)

    def for_mode(self, *, http: bool) -> Self:
        """Itself, if the way Slack is to reach us has its secret. Raises SettingsRefused."""
        if http and self.signing_secret is None:
            raise SettingsRefused("SLACK_SIGNING_SECRET is required with --http: it proves that a request is Slack's")
        if not http and self.app_token is None:
            raise SettingsRefused(
                "SLACK_APP_TOKEN is required for Socket Mode: the app-level token (xapp-…) with connections:write, "
                "or start with --http HOST:PORT and SLACK_SIGNING_SECRET"
            )
        return self
