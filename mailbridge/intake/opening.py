"""The intake of one process, put together from its settings."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from mailbridge.intake.addresses import Directory
from mailbridge.intake.authenticate import Relays
from mailbridge.intake.credentials import Credentials
from mailbridge.intake.evidence import Examiner
from mailbridge.intake.limits import Limits, has_room
from mailbridge.intake.listener import Listener, certificate
from mailbridge.intake.session import House
from mailbridge.resolver import Resolver
from mailbridge.settings import BridgeSettings
from mailbridge.tokens import Tokens
from store.engine import Database
from store.names import Served
from store.terms import wire_limit


def listener(settings: BridgeSettings, database: Database, *, limits: Limits | None = None) -> Listener:
    """The listener on `settings`' doors, to be started. Raises ListenRefused if the certificate cannot be used."""
    tls = certificate(settings.tls_cert, settings.tls_key or "") if settings.tls_cert else None
    return Listener(
        house(settings, database, limits=limits or Limits()),
        settings.smtp_listen,
        settings.lmtp_listen,
        settings.submission_listen,
        tls=tls,
    )


def house(settings: BridgeSettings, database: Database, *, limits: Limits) -> House:
    """What the sessions of this process share."""
    served = Served(settings.domains, settings.published_domains)
    return House(
        database=database,
        directory=Directory(served, Tokens(settings.secrets)),
        relays=Relays(settings.trusted_relays, settings.authserv_id),
        examiner=Examiner(Resolver(settings.nameservers), database.clock),
        limits=limits,
        hostname=settings.name,
        max_size=settings.max_size,
        by_domain=settings.relay.get_secret_value() == "mx",
        proxies=settings.proxy_from,
        credentials=Credentials(database) if settings.submission_listen else None,
        room=_room(settings.database_url, wire_limit(settings.max_size)),
    )


def _room(database_url: str, octets: int) -> Callable[[], bool]:
    """Whether the disk of the database has room; a server's disk is its own business, and told by its errors."""
    driver, _, path = database_url.partition(":///")
    if not driver.startswith("sqlite"):
        return lambda: True
    return partial(has_room, str(Path(path).absolute().parent), octets)
