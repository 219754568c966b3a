"""One session's sign-in: the exchange of AUTH (RFC 4954), and who came out of it."""

from __future__ import annotations

import base64

from mailbridge.intake import sasl
from mailbridge.intake.credentials import Credentials
from mailbridge.policy import replies
from store.passwords import Login
from store.terms import Reply

MOST_TRIES = 3


class SignIn:
    """`login` is who has signed in, `client` the network address they do it from."""

    def __init__(self, credentials: Credentials) -> None:
        self.login: Login | None = None
        self.client = ""
        self._credentials = credentials
        self._mechanism: sasl.Mechanism | None = None
        self._said: list[bytes] = []
        self._tries = 0

    @property
    def exhausted(self) -> bool:
        """Whether the session has had its tries, and ends."""
        return self.login is None and self._tries >= MOST_TRIES

    async def begin(self, argument: str) -> Reply:
        """AUTH's argument, a mechanism and perhaps an initial response: the reply, 334 if there is more to say."""
        word, _, initial = argument.partition(" ")
        mechanism = sasl.MECHANISMS.get(word.upper())
        if mechanism is None:
            return replies.UNKNOWN_MECHANISM
        self._mechanism, self._said = mechanism, []
        return await self.respond(initial.strip()) if initial.strip() else await self._go_on(mechanism)

    async def respond(self, text: str) -> Reply:
        """The client's answer to a 334."""
        assert self._mechanism is not None
        if text == sasl.CANCEL:
            self._forget()
            return replies.SIGN_IN_CANCELLED
        try:
            self._said.append(sasl.decode(text))
            return await self._go_on(self._mechanism)
        except sasl.Malformed:
            self._forget()
            return replies.SIGN_IN_MALFORMED

    async def _go_on(self, mechanism: sasl.Mechanism) -> Reply:
        heard = mechanism(self._said)
        if isinstance(heard, bytes):
            return Reply(334, "", base64.b64encode(heard).decode("ascii"))
        self._forget()
        found = await self._credentials.check(heard, self.client)
        if isinstance(found, Reply):
            self._tries += 1
            return found
        self.login = found
        return replies.SIGNED_IN

    def _forget(self) -> None:
        self._mechanism, self._said = None, []
