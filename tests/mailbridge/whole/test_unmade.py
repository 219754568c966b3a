"""Copies that cannot be made, by a fault of ours: their post waits, nothing is lost, and every other one goes on."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlmodel import col, select

from mailbridge.rewrite.edition import Edition
from mailbridge.rewrite.edition import edition as real
from store import letters, posts
from store.schema.delivery import Delivery
from store.schema.notice import Notice
from store.schema.post import Post
from store.terms import Actor, DeliveryState, Fault, Language, LetterKind, NoticeKind
from tests.mailbridge.whole.bridge import PATIENCE, Whole
from tests.mailbridge.whole.test_copies import MAIL, copy


async def test_copies_that_could_not_be_made_are_given_back_and_made_again(
    whole: Whole, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults = [MemoryError("once")]

    def edition(*given: Any) -> Edition:
        if faults:
            raise faults.pop()
        return real(*given)

    monkeypatch.setattr("mailbridge.deliver.editions.edition", edition)
    assert (await copy(whole, MAIL + "\r\nText\r\n"))["Subject"] == "Hello"
    assert faults == []


async def test_a_post_that_cannot_be_made_waits_for_a_decision_and_holds_up_no_other(
    whole: Whole, monkeypatch: pytest.MonkeyPatch
) -> None:
    mended = False

    def edition(raw: bytes, *given: Any) -> Edition:
        if b"Subject: Cursed" in raw and not mended:
            raise KeyError("what the mail holds")
        return real(raw, *given)

    async def stalled() -> tuple[int, Any]:
        async with whole.database.reading() as tx:
            post = (await tx.exec(select(Post).where(col(Post.subject) == "Cursed"))).one()
            return post.id or 0, post.stalled

    monkeypatch.setattr("mailbridge.deliver.editions.edition", edition)
    client = await whole.client()
    cursed = MAIL.replace("Hello", "Cursed").replace("<1@", "<2@")
    assert (await client.submit(cursed + "\r\nText\r\n", "dev@example.org")).startswith("250")
    assert (await copy(whole, MAIL + "\r\nText\r\n"))["Subject"] == "Hello"
    async with asyncio.timeout(PATIENCE):
        while (await stalled())[1] is None:
            await asyncio.sleep(0.02)
    post_id, why = await stalled()
    assert why["reply"] == "451 4.3.0 The copies cannot be made (KeyError); the log of the bridge says more"
    assert why["unmade"]
    async with whole.database.reading() as tx:
        assert (await tx.exec(select(Notice).where(col(Notice.kind) == NoticeKind.POST_ALARM))).one()
        untried = (await tx.exec(select(Delivery).where(col(Delivery.post_id) == post_id))).one()
        assert (untried.state, untried.attempts) == (DeliveryState.QUEUED, 0)
    mended = True
    async with whole.database.writing() as tx:
        assert await posts.retry(tx, post_id, Actor("test"))
    assert b"Subject: Cursed" in (await whole.carried(2))[1].content


async def test_a_letter_that_cannot_be_made_is_tried_again_as_if_a_hop_had_deferred_it(
    whole: Whole, monkeypatch: pytest.MonkeyPatch
) -> None:
    def letter(*given: Any, **named: Any) -> bytes:
        raise KeyError("a text that is not there")

    monkeypatch.setattr("mailbridge.deliver.editions.letter", letter)
    async with whole.database.writing() as tx:
        arguments = {"group": "dev@example.org", "name": "Dev", "subject": "x", "reason": "y"}
        await letters.write(tx, LetterKind.POST_REJECTED, "a@example.com", Language.EN, arguments=arguments)
    async with asyncio.timeout(PATIENCE):
        while True:
            async with whole.database.reading() as look:
                row = (await look.exec(select(Delivery))).one()
            if row.attempts:
                break
            await asyncio.sleep(0.02)
    assert (row.state, row.fault, row.enhanced) == (DeliveryState.DEFERRED, Fault.NOBODY, "4.3.0")
    assert (await copy(whole, MAIL + "\r\nText\r\n"))["Subject"] == "Hello"
