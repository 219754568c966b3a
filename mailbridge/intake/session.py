"""The state of one transaction, from MAIL to the end of data, and what MAIL and RCPT answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from mailbridge.intake.addresses import Directory, Recipient, ToGroup
from mailbridge.intake.authenticate import Network, Relays, among
from mailbridge.intake.credentials import Credentials
from mailbridge.intake.evidence import Examiner
from mailbridge.intake.limits import Limits
from mailbridge.intake.paths import Path
from mailbridge.policy import replies
from store.engine import Database
from store.terms import Reply, wire_limit

OK_SENDER = Reply(250, "2.1.0", "Sender ok")
OK_RECIPIENT = Reply(250, "2.1.5", "Recipient ok")
NEEDS_UTF8 = Reply(553, "5.6.7", "An address with non-ASCII characters needs SMTPUTF8")
BAD_PARAMETER = Reply(501, "5.5.4", "A parameter has a value it cannot have")
UNKNOWN_PARAMETER = Reply(555, "5.5.4", "A parameter is not known here")


@dataclass(frozen=True, slots=True)
class House:
    """What all sessions share. `max_size` is bytes of attachments; `hostname` what we call ourselves.

    `by_domain` says that our own letters go straight to MX hosts, `room` whether the disk has space for a message more.
    `credentials` are asked about who signs in; none where nobody can.
    """

    database: Database
    directory: Directory
    relays: Relays
    examiner: Examiner
    limits: Limits
    hostname: str
    max_size: int
    by_domain: bool = False
    room: Callable[[], bool] = lambda: True
    proxies: Sequence[Network] = ()
    credentials: Credentials | None = None

    def proxied(self, client: str) -> bool:
        """Whether `client` is a proxy of ours, which tells who connected to it before anything else (PROXY)."""
        return among(self.proxies, client)

    @property
    def most_octets(self) -> int:
        """The largest message taken, as transmitted: what EHLO announces."""
        return wire_limit(self.max_size)


@dataclass(slots=True)
class Transaction:
    """One message on its way in. `sender` is None until MAIL is accepted."""

    sender: Path | None = None
    utf8: bool = False
    declared_size: int | None = None
    recipients: list[Recipient] = field(default_factory=list)


def mail(house: House, path: Path) -> Transaction | Reply:
    """The transaction that an accepted MAIL begins, or the reply that refuses it.

    AUTH= (RFC 4954 5) is taken and means nothing; what we did not offer (RET, ENVID) is refused.
    """
    transaction = Transaction(path)
    for keyword, content in path.parameters.items():
        match keyword:
            case "SIZE":
                if content is None or not (content.isascii() and content.isdigit() and len(content) <= 20):
                    return BAD_PARAMETER
                transaction.declared_size = int(content)
            case "BODY":
                if (content or "").upper() not in ("7BIT", "8BITMIME"):
                    return BAD_PARAMETER
            case "SMTPUTF8":
                if content is not None:
                    return BAD_PARAMETER
                transaction.utf8 = True
            case "AUTH":
                pass
            case _:
                return UNKNOWN_PARAMETER
    if not path.ascii and not transaction.utf8:
        return NEEDS_UTF8
    if transaction.declared_size is not None and transaction.declared_size > house.most_octets:
        return replies.TOO_BIG
    return transaction if house.room() else replies.FULL


async def rcpt(house: House, transaction: Transaction, path: Path, *, lmtp: bool) -> Reply:
    """Add a recipient, or say why not. Each accepted one is added once for each RCPT: LMTP counts them."""
    assert transaction.sender is not None
    if path.parameters:
        return UNKNOWN_PARAMETER
    if not path.ascii and not transaction.utf8:
        return NEEDS_UTF8
    if len(transaction.recipients) >= house.limits.recipients:
        return replies.TOO_MANY_RECIPIENTS
    async with house.database.reading() as tx:
        found = await house.directory.resolve(tx, path, transaction.sender, transaction.declared_size)
    if isinstance(found, Reply):
        return found
    # A command by mail has an answer of its own, and SMTP but one reply after DATA: it must not stand beside posts.
    alone = not isinstance(found, ToGroup) or any(not isinstance(one, ToGroup) for one in transaction.recipients)
    if not lmtp and alone and transaction.recipients:
        return replies.ALONE
    transaction.recipients.append(found)
    return OK_RECIPIENT
