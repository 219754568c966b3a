"""Settings from the environment (and `.env` in the working folder): read once at start, frozen, passed down.

The packages extend `StoreSettings` with their own. A field is the environment variable `POSTROOM_<FIELD>`, or its
`validation_alias`; its description is the remedy that a refused start prints.
"""

import re
from collections.abc import Iterator
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from store.sizes import size
from store.terms import Address, InvalidAddress, Refused

DRIVERS = ("sqlite+aiosqlite", "postgresql+psycopg")
SHORTEST_SECRET = 16


class SettingsRefused(Exception):  # noqa: N818 - said to the person who starts the program
    """A setting is missing or malformed. The text is one line that names each variable and its remedy."""


def words(value: object) -> Any:
    """`a, b` as ("a", "b"); what is not text passes."""
    return tuple(word.strip() for word in value.split(",") if word.strip()) if isinstance(value, str) else value


def domain(text: str) -> str:
    """A mail domain as lower-case A-label. Raises ValueError."""
    try:
        return Address.parse(f"x@{text}").domain
    except InvalidAddress:
        raise ValueError(f"{text[:80]!r} is not a domain") from None


def octets(value: object) -> object:
    """`25MB` as bytes; a number passes. Raises ValueError."""
    if not isinstance(value, str):
        return value
    try:
        found = size(value)
    except Refused:
        found = None
    if found is None:
        raise ValueError(f"{value[:40]!r} is not a size such as 25MB")
    return found


def none_if_empty(value: object) -> object:
    """An empty variable is an absent one."""
    return None if value == "" else value


Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(words)]
Octets = Annotated[int, BeforeValidator(octets)]
Optional = BeforeValidator(none_if_empty)


class DatabaseSettings(BaseSettings):
    """Where the database is: all that bringing it up to date needs."""

    model_config = SettingsConfigDict(
        env_prefix="POSTROOM_",
        env_file=".env",
        env_file_encoding="utf-8",
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        env_ignore_empty=True,
        populate_by_name=True,
    )

    database_url: str = Field(
        "sqlite+aiosqlite:///postroom.db",
        repr=False,
        description="sqlite+aiosqlite:///file.db, or postgresql+psycopg://name:password@host/database",
    )

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str) -> str:
        try:
            url = make_url(value)
        except ArgumentError:
            raise ValueError("it is not a database URL") from None
        if url.drivername not in DRIVERS:
            raise ValueError(f"{url.drivername} is not a database driver of ours")
        if not url.database or url.database == ":memory:":
            raise ValueError("it names no database")
        return value

    @classmethod
    def load(cls, **given: Any) -> Self:
        """Read the environment; `given` fields win over it. Raises SettingsRefused with one line for all faults."""
        try:
            return cls(**given)
        except ValidationError as error:
            # Not chained: a traceback of the validator's error would show what was given.
            refusal = SettingsRefused("; ".join(cls._faults(error)))
        raise refusal

    @classmethod
    def _faults(cls, error: ValidationError) -> Iterator[str]:
        seen: set[str] = set()
        for fault in error.errors(include_input=False, include_context=False, include_url=False):
            name = str(fault["loc"][0]) if fault["loc"] else ""
            variable, remedy = cls._variable(name)
            if variable in seen:
                continue
            seen.add(variable)
            if fault["type"] == "missing":
                yield f"{variable} is required: {remedy}"
            else:
                what = re.sub(r"\s+", " ", fault["msg"].removeprefix("Value error, "))
                yield f"{variable} is refused, {what}: give {remedy}" if remedy else f"{variable} is refused, {what}"

    @classmethod
    def _variable(cls, name: str) -> tuple[str, str]:
        for field_name, field in cls.model_fields.items():
            alias = field.validation_alias
            variable = alias if isinstance(alias, str) else f"POSTROOM_{field_name.upper()}"
            if name in (field_name, alias):
                return variable, field.description or ""
        return "The settings", ""


class StoreSettings(DatabaseSettings):
    """What every process needs."""

    domains: Words = Field(description="the mail domains served here, comma-separated, such as groups.example.org")
    published_domains: Words = Field((), description="domains published elsewhere and forwarded here, comma-separated")
    public_url: str | None = Field(
        None,
        description="the address people's mail programs reach the web listener at, such as https://groups.example.org",
    )
    secret: SecretStr = Field(
        description=f"at least {SHORTEST_SECRET} random characters, such as from: openssl rand -hex 32 "
        "(comma-separated to rotate; the first signs)"
    )
    max_size: Octets = Field(25 * 2**20, description="the largest mail taken, by its attachments, such as 25MB")

    @field_validator("domains", "published_domains")
    @classmethod
    def _ascii_domains(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(domain(text) for text in value))

    @field_validator("domains")
    @classmethod
    def _one_domain(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value:
            raise ValueError("it names no domain")
        return value

    @field_validator("public_url")
    @classmethod
    def _web_address(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise ValueError("it is not the address of a web site")
        return value.rstrip("/")

    @field_validator("secret")
    @classmethod
    def _long_secrets(cls, value: SecretStr) -> SecretStr:
        if any(len(part.strip()) < SHORTEST_SECRET for part in value.get_secret_value().split(",")):
            raise ValueError(f"a secret of it has fewer than {SHORTEST_SECRET} characters")
        return value

    @property
    def secrets(self) -> tuple[bytes, ...]:
        """The secrets, the one that signs first; the others still verify what they signed."""
        return tuple(part.strip().encode() for part in self.secret.get_secret_value().split(","))
