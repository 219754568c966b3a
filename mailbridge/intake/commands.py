"""The verbs of SMTP, LMTP and submission as a state machine: a command in, the lines to say and what to do next out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum, auto

from mailbridge.intake import credentials, paths, sasl, session, trace
from mailbridge.intake.session import House, Transaction
from mailbridge.intake.signin import SignIn
from mailbridge.policy import replies
from store.passwords import Login
from store.terms import Reply

HELO_FIRST = Reply(503, "5.5.1", "Say hello first")
MAIL_FIRST = Reply(503, "5.5.1", "MAIL must come first")
NESTED = Reply(503, "5.5.1", "A message is already under way; RSET ends it")
NO_RECIPIENTS = Reply(503, "5.5.1", "There is no valid recipient")
NO_ARGUMENT = Reply(501, "5.5.4", "This command takes no argument")
BAD_HELO = Reply(501, "5.5.4", "Give your host's name or address literal")
BAD_SYNTAX = Reply(500, "5.5.2", "That is no command of SMTP")
UNKNOWN = Reply(500, "5.5.1", "Command not known")
NOT_OFFERED = Reply(502, "5.5.1", "Command not offered here")
CANNOT_VERIFY = Reply(252, "2.5.0", "Addresses are not verified; send the message to see")
ALREADY_SECURE = Reply(503, "5.5.1", "TLS is already on")
OK = Reply(250, "2.0.0", "Ok")
BYE = Reply(221, "2.0.0", "Bye")
GO_AHEAD = Reply(354, "", "End data with <CR><LF>.<CR><LF>")
START_TLS = Reply(220, "2.0.0", "Ready to start TLS")
HELP = Reply(214, "2.0.0", "RFC 5321")

# The first word of a browser's request: a web page may post to any port, and with luck a mail in its body. And of the
# PROXY protocol, from a proxy that is none of ours.
FOREIGN = frozenset({"GET", "POST", "PUT", "CONNECT", "OPTIONS", "PROXY"})
# Verbs that bring no message nearer; a client that only says these is holding the connection.
IDLE = frozenset({"NOOP", "RSET", "VRFY", "EXPN", "HELP", "HELO", "EHLO", "LHLO", "AUTH"})


class Then(Enum):
    """What the session does after it has said the lines."""

    GO_ON = auto()
    READ_DATA = auto()
    START_TLS = auto()
    CHALLENGE = auto()  # the next line answers a 334
    END = auto()


@dataclass(frozen=True, slots=True)
class Answer:
    """Whole reply lines without their ends, and what follows."""

    lines: tuple[str, ...]
    then: Then = Then.GO_ON

    @property
    def error(self) -> bool:
        """Whether the client did wrong. A 4xx is no fault of its own: a long row of recipients ends in many of them."""
        return self.lines[-1].startswith("5")


def answer(reply: Reply, then: Then = Then.GO_ON) -> Answer:
    """One reply of one line."""
    return Answer((reply.line(),), then)


class Service(StrEnum):
    """What a door is for: mail from other systems, from a system of ours (RFC 2033), or from people (RFC 6409)."""

    SMTP = "SMTP"
    LMTP = "LMTP"
    SUBMISSION = "submission"


class Dialogue:
    """One client's session: who it says it is, and the transaction under way.

    `client` is its network address, told before the first command.
    """

    def __init__(self, house: House, service: Service, *, tls_offered: bool) -> None:
        self.helo = ""
        self.client = ""
        self.transaction = Transaction()
        self._house = house
        self._lmtp = service is Service.LMTP
        self._signin: SignIn | None = None
        if service is Service.SUBMISSION:
            assert house.credentials is not None
            self._signin = SignIn(house.credentials)
        self._extended = False
        self._tls_offered = tls_offered
        self._secure = False
        verbs: dict[str, Callable[[str], Awaitable[Answer]]] = {
            "MAIL": self._mail,
            "RCPT": self._rcpt,
            "DATA": self._data,
            "RSET": self._rset,
            "QUIT": self._quit,
            "NOOP": self._noop,
            "VRFY": self._vrfy,
            "HELP": self._help,
            "STARTTLS": self._starttls,
            "AUTH": self._auth,
            "EXPN": self._not_offered,
        }
        hello = {"LHLO": self._ehlo} if self._lmtp else {"EHLO": self._ehlo, "HELO": self._hello}
        self._verbs: Mapping[str, Callable[[str], Awaitable[Answer]]] = {**verbs, **hello}

    async def hear(self, verb: str, argument: str) -> Answer:
        """Answer one command. `verb` is upper-case; `argument` is stripped and holds no control character."""
        handler = self._verbs.get(verb)
        if handler is None:
            return answer(UNKNOWN, Then.END if verb in FOREIGN else Then.GO_ON)
        return await handler(argument)

    async def respond(self, text: str) -> Answer:
        """Answer what a client says to a 334."""
        assert self._signin is not None
        return self._signed(await self._signin.respond(text))

    @property
    def login(self) -> Login | None:
        """Who has signed in."""
        return self._signin.login if self._signin else None

    @property
    def protocol(self) -> str:
        """How mail comes in this session, as Received says it (RFC 3848)."""
        if not self._extended:
            return "SMTP"
        return ("LMTP" if self._lmtp else "ESMTP") + ("S" if self._secure else "") + ("A" if self.login else "")

    def secured(self) -> None:
        """TLS is on: all that was said before is forgotten (RFC 3207 4.2)."""
        self._secure = True
        self.helo = ""
        self._extended = False
        self.transaction = Transaction()

    def done(self) -> None:
        """The transaction is over, however it ended."""
        self.transaction = Transaction()

    async def _hello(self, argument: str) -> Answer:
        name = trace.helo(argument)
        if name is None:
            return answer(BAD_HELO)
        self.helo, self._extended, self.transaction = name, False, Transaction()
        return answer(Reply(250, "", self._house.hostname))

    async def _ehlo(self, argument: str) -> Answer:
        name = trace.helo(argument)
        if name is None:
            return answer(BAD_HELO)
        self.helo, self._extended, self.transaction = name, True, Transaction()
        words = [self._house.hostname, "PIPELINING", f"SIZE {self._house.most_octets}", "8BITMIME", "SMTPUTF8"]
        if self._tls_offered and not self._secure:
            words.append("STARTTLS")
        if self._signin and self._secure and self._signin.login is None:
            words.append(f"AUTH {' '.join(sasl.MECHANISMS)}")
        words.append("ENHANCEDSTATUSCODES")
        return Answer(tuple(f"250{' ' if word is words[-1] else '-'}{word}" for word in words))

    async def _mail(self, argument: str) -> Answer:
        if not self.helo:
            return answer(HELO_FIRST)
        if self._signin and self._signin.login is None:
            return answer(replies.SIGN_IN_FIRST if self._secure else replies.TLS_FIRST)
        if self.transaction.sender is not None:
            return answer(NESTED)
        try:
            path = paths.reverse(argument)
        except paths.BadPath as bad:
            return answer(bad.reply)
        refused = credentials.may_send(self.login, path) if self.login else None
        if refused is not None:
            return answer(refused)
        if path.parameters and not self._extended:
            return answer(session.UNKNOWN_PARAMETER)
        begun = session.mail(self._house, path)
        if isinstance(begun, Reply):
            return answer(begun)
        self.transaction = begun
        return answer(session.OK_SENDER)

    async def _rcpt(self, argument: str) -> Answer:
        if self.transaction.sender is None:
            return answer(MAIL_FIRST if self.helo else HELO_FIRST)
        try:
            path = paths.forward(argument, self._house.directory.served.domains[0])
        except paths.BadPath as bad:
            return answer(bad.reply)
        return answer(await session.rcpt(self._house, self.transaction, path, lmtp=self._lmtp))

    async def _data(self, argument: str) -> Answer:
        if argument:
            return answer(NO_ARGUMENT)
        if self.transaction.sender is None:
            return answer(MAIL_FIRST if self.helo else HELO_FIRST)
        if not self.transaction.recipients:
            return answer(NO_RECIPIENTS)
        return answer(GO_AHEAD, Then.READ_DATA)

    async def _rset(self, argument: str) -> Answer:
        if argument:
            return answer(NO_ARGUMENT)
        self.transaction = Transaction()
        return answer(OK)

    async def _quit(self, argument: str) -> Answer:
        return answer(BYE, Then.END)

    async def _noop(self, argument: str) -> Answer:
        return answer(OK)

    async def _vrfy(self, argument: str) -> Answer:
        # The same for everything: VRFY must not tell who is here.
        return answer(CANNOT_VERIFY)

    async def _help(self, argument: str) -> Answer:
        return answer(HELP)

    async def _starttls(self, argument: str) -> Answer:
        if not self._tls_offered:
            return answer(NOT_OFFERED)
        if argument:
            return answer(NO_ARGUMENT)
        return answer(ALREADY_SECURE) if self._secure else answer(START_TLS, Then.START_TLS)

    async def _auth(self, argument: str) -> Answer:
        if self._signin is None:
            return answer(NOT_OFFERED)
        if not self._extended:
            return answer(HELO_FIRST)
        if not self._secure:
            return answer(replies.NEEDS_TLS)
        if self._signin.login is not None:
            return answer(replies.SIGNED_IN_ALREADY)
        self._signin.client = self.client
        return self._signed(await self._signin.begin(argument))

    def _signed(self, reply: Reply) -> Answer:
        assert self._signin is not None
        if reply.code == 334:
            return answer(reply, Then.CHALLENGE)
        return answer(reply, Then.END if self._signin.exhausted else Then.GO_ON)

    async def _not_offered(self, argument: str) -> Answer:
        return answer(NOT_OFFERED)
