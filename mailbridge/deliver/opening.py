"""The beginning of a connection, command by command: greeting, EHLO, STARTTLS, AUTH."""

from __future__ import annotations

import base64
import ssl
from typing import Protocol

from mailbridge.deliver import commands, hop, wire
from mailbridge.deliver.capabilities import Capabilities
from mailbridge.deliver.hop import Hop
from mailbridge.deliver.outcome import blame
from mailbridge.deliver.timeouts import Timeouts
from mailbridge.deliver.wire import Garbage, Heard
from store.terms import Fault, Reply, Stage


class Unopened(Exception):  # noqa: N818 - an outcome
    """No connection could be had. `stage`, `reply` and `fault` say why; nothing was taken from the feed."""

    def __init__(self, stage: Stage, reply: Reply, fault: Fault | None = None) -> None:
        super().__init__(f"{stage}: {reply}")
        self.stage = stage
        self.reply = reply
        self.fault = blame(stage, reply) if fault is None else fault


class Line(Protocol):
    """What a connection lends to its opening."""

    async def ask(self, command: bytes, seconds: float) -> Heard:
        """Write (nothing, for the greeting) and wait for one reply. Raises Garbage, TimeoutError, OSError."""

    async def encrypt(self, context: ssl.SSLContext, name: str, seconds: float) -> None:
        """Go on under TLS. Raises Garbage if anything was said in clear beyond the reply, OSError, TimeoutError."""


async def introduce(line: Line, to: Hop, waits: Timeouts, context: ssl.SSLContext | None) -> Capabilities:
    """Greet, secure and authenticate; what the hop then offers. Raises Unopened.

    `context` replaces the TLS context that the hop's security asks for.
    """
    await _positive(line, b"", Stage.CONNECT, waits.greeting)
    offers = await _hello(line, to, waits)
    secured = to.security == "implicit"
    if to.security in ("opportunistic", "required"):
        if offers.starttls:
            secured = await _encrypt(line, to, waits, context)
            if secured:
                offers = await _hello(line, to, waits)  # what was offered in clear is forgotten (RFC 3207 4.2)
        elif to.security == "required":
            raise _refusal(Stage.STARTTLS, "The next hop does not offer STARTTLS, which its setting requires")
    if to.username:
        # A password in clear may be read on every wire between; on the loopback there is none.
        if not secured and not to.loopback:
            raise _refusal(Stage.AUTH, "The password is not given over a connection without TLS")
        await _authenticate(line, to, offers, waits)
    return offers


def _refusal(stage: Stage, text: str) -> Unopened:
    return Unopened(stage, Reply(554, "5.7.0", text), Fault.US)


async def _ask(line: Line, command: bytes, stage: Stage, seconds: float) -> Heard:
    try:
        code, lines = await line.ask(command, seconds)
    except TimeoutError as error:
        raise Unopened(stage, Reply(421, "4.4.2", f"No reply within {seconds:g} s")) from error
    except Garbage as error:
        raise Unopened(stage, Reply(421, "4.5.0", f"Not understood: {error}")) from error
    except OSError as error:
        raise Unopened(stage, Reply(421, "4.4.2", f"The connection was lost: {error}")) from error
    return code, lines


async def _positive(line: Line, command: bytes, stage: Stage, seconds: float) -> list[bytes]:
    code, lines = await _ask(line, command, stage, seconds)
    if not 200 <= code < 300:
        raise Unopened(stage, wire.reply(code, lines))
    return lines


async def _hello(line: Line, to: Hop, waits: Timeouts) -> Capabilities:
    code, lines = await _ask(line, commands.hello(b"EHLO", to.helo), Stage.EHLO, waits.hello)
    if 200 <= code < 300:
        return Capabilities.read(lines)
    if code < 500:
        raise Unopened(Stage.EHLO, wire.reply(code, lines))
    await _positive(line, commands.hello(b"HELO", to.helo), Stage.EHLO, waits.hello)  # RFC 5321 3.2
    return Capabilities()


async def _encrypt(line: Line, to: Hop, waits: Timeouts, context: ssl.SSLContext | None) -> bool:
    code, lines = await _ask(line, commands.STARTTLS, Stage.STARTTLS, waits.hello)
    if not 200 <= code < 300:
        if to.security == "required" or code == 421:
            raise Unopened(Stage.STARTTLS, wire.reply(code, lines))
        return False
    context = context or (hop.verified() if to.security == "required" else hop.unverified())
    try:
        await line.encrypt(context, to.server_name, waits.handshake)
    except TimeoutError as error:
        reply = Reply(421, "4.4.2", f"No TLS handshake within {waits.handshake:g} s")
        raise Unopened(Stage.STARTTLS, reply) from error
    except ssl.SSLCertVerificationError as error:
        raise _refusal(Stage.STARTTLS, f"The certificate is not trusted: {error.verify_message}") from error
    except (Garbage, OSError) as error:
        raise Unopened(Stage.STARTTLS, Reply(421, "4.7.0", f"The TLS handshake failed: {error}")) from error
    return True


async def _authenticate(line: Line, to: Hop, offers: Capabilities, waits: Timeouts) -> None:
    """RFC 4954, with PLAIN (RFC 4616) or the LOGIN of hops that have nothing else."""

    def encoded(text: str) -> bytes:
        return base64.b64encode(text.encode()) + b"\r\n"

    if "\0" in to.username + to.password:
        raise _refusal(Stage.AUTH, "A name or password with a NUL cannot be given")
    if "PLAIN" in offers.auth:
        await _positive(line, b"AUTH PLAIN " + encoded(f"\0{to.username}\0{to.password}"), Stage.AUTH, waits.auth)
        return
    if "LOGIN" not in offers.auth:
        raise _refusal(Stage.AUTH, "The next hop offers neither AUTH PLAIN nor AUTH LOGIN")
    for command in (b"AUTH LOGIN\r\n", encoded(to.username)):
        code, lines = await _ask(line, command, Stage.AUTH, waits.auth)
        if code != 334:
            fault = None if code >= 400 else Fault.US
            raise Unopened(Stage.AUTH, wire.reply(code, lines), fault)
    await _positive(line, encoded(to.password), Stage.AUTH, waits.auth)
