"""Gathering the evidence about an author: the DNS asked within ten seconds, the arithmetic done off the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, ParamSpec, Protocol, TypeVar

from mailbridge.headers import Field
from mailbridge.policy.shape import Shape
from mailbridge.proof import arc, dkim, dmarc, spf
from mailbridge.proof.answers import Texts, TextsOf
from mailbridge.proof.body import Body
from mailbridge.proof.judgement import Evidence
from mailbridge.resolver import NoSuchName, Unanswered
from store.terms import Origin

DNS_SECONDS = 10.0  # for all questions about one message together
# Where no answer can prove the author, since a front relay of ours has judged or nothing is there that could: then only
# who may stand in From of the copies hangs on it, and the group can.
POLICY_SECONDS = 3.0
# Hashing lets other threads run, dkimpy's numbers do so between their steps: two keep both apart from the loop, and a
# flood of signed mail waits here instead of taking every thread there is.
THREADS = 2
P = ParamSpec("P")
T = TypeVar("T")


class Names(Protocol):
    """The DNS: `lookup` gives records of one kind, or raises NoSuchName or Unanswered."""

    async def lookup(self, name: str, kind: str) -> tuple[Any, ...]: ...


class Examiner:
    """Looks at messages for every session of this process."""

    def __init__(self, names: Names, clock: Callable[[], datetime], *, seconds: float = DNS_SECONDS) -> None:
        self._names = names
        self._clock = clock
        self._seconds = seconds
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="proof")

    def close(self) -> None:
        """Let go of the threads; what they are at ends by itself."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def examine(
        self, shape: Shape, return_path: str, helo: str, client: str, *, spf_counts: bool, judged: bool = False
    ) -> Evidence:
        """The evidence about a message's author. `client` is the address SPF is asked about, or "" for none; `judged`
        says that a front relay's verdict is there already, and less time is worth it."""
        now = asyncio.get_running_loop().time()
        soon = now + min(self._seconds, POLICY_SECONDS)
        deadline = soon if judged else now + self._seconds
        author = shape.author.address.domain
        sender, (checked, chain) = await asyncio.gather(
            self._spf(return_path, helo, client, deadline), self._signatures(shape, author, deadline)
        )
        passed = [one.domain for one in checked if one.result == "pass"]
        sent_by = sender.domain if sender and sender.result == "pass" and spf_counts and not sender.helo else ""
        told = bool(checked) or sender is not None
        questions = dmarc.questions(author, [*passed, *([sent_by] if sent_by else [])])
        texts = await self._texts(questions, deadline if told else soon)
        verdict = dmarc.evaluate(author, passed, sent_by, texts)
        exists = True
        if verdict.policy is not None and verdict.policy.record.np and not verdict.policy.own:
            exists = await self._exists(author, deadline if told else soon)
        own = dmarc.own(author, passed, texts)
        origin = Origin(
            asks=dmarc.asks(author, texts, exists=exists),
            signed=tuple(sorted(one.at for one in checked if one.result == "pass")),
            own=tuple(sorted(one.at for one in checked if one.result == "pass" and one.domain in own)),
            chain=chain.result,
        )
        return Evidence(checked, sender, spf_counts, chain, verdict if told else None, exists, origin)

    async def _signatures(self, shape: Shape, author: str, deadline: float) -> tuple[list[dkim.Checked], arc.ArcResult]:
        fields = shape.fields
        if not any(field.name in _SIGNED for field in fields):
            return [], arc.ArcResult("none")
        signatures, void = await self._run(dkim.signatures, fields, author)
        chain = await self._run(arc.key_names, fields) or ()
        texts = await self._texts({*(one.key_name for one in signatures), *chain}, deadline)
        return await self._run(_verify, fields, shape.body, signatures, void, texts, self._clock().timestamp())

    async def _spf(self, return_path: str, helo: str, client: str, deadline: float) -> spf.Spf | None:
        if not client:
            return None
        known: dict[tuple[str, str], tuple[Any, ...] | None] = {}
        while len(known) < spf.MOST_QUESTIONS:
            found = await self._run(_spf_step, client, return_path, helo, known)
            if isinstance(found, spf.Spf):
                return found
            known[found.name, found.kind] = await self._answer(found.name, found.kind, deadline)
        return spf.Spf("permerror", return_path.rpartition("@")[2].lower() or helo.lower(), not return_path)

    async def _exists(self, domain: str, deadline: float) -> bool:
        answers = await asyncio.gather(*(self._answer(domain, kind, deadline) for kind in ("A", "AAAA", "MX")))
        return any(answer or answer is None for answer in answers)

    async def _texts(self, names: Iterable[str], deadline: float) -> TextsOf:
        ordered = list(names)
        answers: list[Texts] = await asyncio.gather(*(self._answer(name, "TXT", deadline) for name in ordered))
        return dict(zip(ordered, answers, strict=True))

    async def _answer(self, name: str, kind: str, deadline: float) -> tuple[Any, ...] | None:
        try:
            async with asyncio.timeout_at(deadline):
                return await self._names.lookup(name, kind)
        except NoSuchName:
            return ()
        except (Unanswered, TimeoutError):
            return None

    async def _run(self, work: Callable[P, T], *arguments: P.args, **_: P.kwargs) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)


_SIGNED = frozenset({b"dkim-signature", b"arc-seal", b"arc-message-signature", b"arc-authentication-results"})


def _verify(
    fields: tuple[Field, ...],
    body: memoryview,
    signatures: list[dkim.Signature],
    void: list[dkim.Checked],
    texts: TextsOf,
    now: float,
) -> tuple[list[dkim.Checked], arc.ArcResult]:
    # The shape's body begins with the line end of the blank line.
    content = Body(body, 2)
    checked = [dkim.check(fields, content, one, texts.get(one.key_name), now) for one in signatures]
    return [*checked, *void], arc.validate(fields, content, texts)


def _spf_step(client: str, return_path: str, helo: str, known: spf.Known) -> spf.Spf | spf.Question:
    try:
        return spf.check(client, return_path, helo, known)
    except spf.Question as question:
        return question
