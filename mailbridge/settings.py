"""The bridge's settings from the environment (`POSTROOM_*`): frozen, read once, passed down."""

import ipaddress
import re
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import NoDecode

from mailbridge.doors import Door, door, nameserver
from mailbridge.keyring import KeyFile, is_selector
from mailbridge.providers import sharing
from store.hours import Hours
from store.settings import Optional, StoreSettings, Words, domain, words

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
# A provider's shared egress is wider; trusting it would trust every one of its customers.
WIDEST_PUBLIC = {4: 28, 6: 64}
IMPLICIT_TLS = 465  # RFC 8314 3.3
_HOSTNAME = re.compile(
    r"(?=.{1,255}$)[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*"
)
_AUTHSERV_ID = re.compile(r"[A-Za-z0-9._-]{1,255}")


def networks(value: object) -> object:
    """`192.0.2.1, 2001:db8::/64` as networks; what is not text passes. Raises ValueError."""
    found = []
    for text in words(value) if isinstance(value, str) else ():
        try:
            found.append(ipaddress.ip_network(text))
        except ValueError:
            raise ValueError(f"{text[:80]!r} is neither an address nor a network without host bits") from None
    return tuple(found) if isinstance(value, str) else value


def doors(value: object) -> object:
    """`host:port, unix:/path` as doors; what is not text passes. Raises ValueError."""
    return tuple(door(text) for text in words(value)) if isinstance(value, str) else value


def keyfiles(value: object) -> object:
    """`domain:selector:file, …` as key files; what is not text passes. Raises ValueError."""
    return tuple(_keyfile(text) for text in words(value)) if isinstance(value, str) else value


def _keyfile(text: str) -> KeyFile:
    name, _, rest = text.partition(":")
    selector, _, path = rest.partition(":")
    if not path:
        raise ValueError(f"{text[:80]!r} is not domain:selector:file")
    if not is_selector(selector):
        raise ValueError(f"{selector[:80]!r} is not a selector")
    return KeyFile(domain(name), selector, path)


def _days(value: int) -> int:
    if value < 1:
        raise ValueError("it is less than a day")
    return value


def _hours(value: object) -> object:
    return Hours.parse(value) if isinstance(value, str) else value


Networks = Annotated[tuple[Network, ...], NoDecode, BeforeValidator(networks)]
Doors = Annotated[tuple[Door, ...], NoDecode, BeforeValidator(doors)]
KeyFiles = Annotated[tuple[KeyFile, ...], NoDecode, BeforeValidator(keyfiles)]
WorkingHours = Annotated[Hours, NoDecode, BeforeValidator(_hours)]
Days = Annotated[int, AfterValidator(_days)]
_DOOR = "host:port or unix:/path, comma-separated, such as"


class BridgeSettings(StoreSettings):
    """What `python -m mailbridge` needs, besides what every process needs."""

    hostname: Annotated[str | None, Optional] = Field(
        None, description="this server's own name in EHLO and Received, such as mail.example.org"
    )
    smtp_listen: Doors = Field((Door("127.0.0.1", 2525),), description=f"{_DOOR} 127.0.0.1:2525")
    lmtp_listen: Doors = Field((), description=f"{_DOOR} 127.0.0.1:2424")
    web_listen: Doors = Field((Door("127.0.0.1", 8080),), description=f"{_DOOR} 127.0.0.1:8080")
    tls_cert: Annotated[str | None, Optional] = Field(None, description="a PEM file with the certificate and its chain")
    tls_key: Annotated[str | None, Optional] = Field(None, description="a PEM file with the certificate's key")
    submission_listen: Doors = Field(
        (), description="host:port, comma-separated, such as 127.0.0.1:2587, and POSTROOM_TLS_CERT beside it"
    )
    proxy_from: Networks = Field((), description="addresses that may speak the PROXY protocol, comma-separated")

    authserv_id: str = Field("", description="the name your front relay signs its Authentication-Results with")
    trusted_relays: Networks = Field(
        (), description="addresses of front relays you run yourselves, comma-separated, public networks up to /28"
    )

    relay: SecretStr = Field(
        description="where mail goes out: smtp://user:password@host:port, smtps://…, or mx for direct delivery"
    )
    nameservers: Words = Field((), description="DNS servers as host:port, comma-separated")
    mx_port: int = Field(25, ge=1, le=65_535, description="the port of MX hosts, 25")
    mx_allow: Networks = Field((), description="private networks that MX hosts may lie in (for tests), comma-separated")
    max_unsettled: int = Field(200, ge=1, le=5_000, description="copies in flight at most per process, such as 200")
    dkim_keys: KeyFiles = Field(
        (), description="domain:selector:file, comma-separated, as python -m mailbridge keygen prints it"
    )
    working_hours: WorkingHours = Field(
        Hours(), description="when people may be reminded of what waits, by their own clock: mon-fri 9-18, or always"
    )
    retention_days: Days = Field(7, description="how many days messages are kept after their last outcome, such as 7")
    address_days: Days = Field(90, description="how many days it is kept who got a post and wrote it, such as 90")

    @field_validator("hostname")
    @classmethod
    def _host(cls, value: str | None) -> str | None:
        if value is not None and not _HOSTNAME.fullmatch(value):
            raise ValueError("it is not a host name")
        return value

    @field_validator("authserv_id")
    @classmethod
    def _identity(cls, value: str) -> str:
        if value and not _AUTHSERV_ID.fullmatch(value):
            raise ValueError("it is not a name of letters, digits, dots and hyphens")
        return value.lower()

    @field_validator("nameservers")
    @classmethod
    def _addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            nameserver(text)
        return value

    @field_validator("trusted_relays")
    @classmethod
    def _nobody_elses(cls, value: tuple[Network, ...]) -> tuple[Network, ...]:
        for network in value:
            provider = sharing(network)
            if provider is not None:
                raise ValueError(
                    f"{network} is shared egress of {provider.name}: every customer of theirs would be trusted, "
                    "so leave it out (authors are then proven by their own signature)"
                )
        return value

    @field_validator("trusted_relays", "proxy_from")
    @classmethod
    def _own(cls, value: tuple[Network, ...]) -> tuple[Network, ...]:
        for network in value:
            widest = WIDEST_PUBLIC[network.version]
            if not network.is_private and network.prefixlen < widest:
                raise ValueError(f"{network} is public and wider than /{widest}: shared egress trusts all its tenants")
        return value

    @field_validator("trusted_relays")
    @classmethod
    def _signing_relays(cls, value: tuple[Network, ...], info: ValidationInfo) -> tuple[Network, ...]:
        if value and not info.data.get("authserv_id"):
            raise ValueError("POSTROOM_AUTHSERV_ID, the name their verdict stands under, is missing")
        return value

    @field_validator("tls_key")
    @classmethod
    def _key_with_certificate(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value and not info.data.get("tls_cert"):
            raise ValueError("POSTROOM_TLS_CERT is missing")
        return value

    @field_validator("submission_listen")
    @classmethod
    def _within_tls(cls, value: tuple[Door, ...], info: ValidationInfo) -> tuple[Door, ...]:
        if value and not info.data.get("tls_cert"):
            raise ValueError("POSTROOM_TLS_CERT is missing, and passwords are taken within TLS only")
        for one in value:
            if one.path:
                raise ValueError(f"{one} is a socket of this machine, and people submit from others")
            if one.port == IMPLICIT_TLS:
                raise ValueError("on port 465 TLS begins at once, and here it begins by STARTTLS, as on port 587")
        return value

    @property
    def name(self) -> str:
        """What this server calls itself: the host name given, else the first served domain."""
        return self.hostname or self.domains[0]
