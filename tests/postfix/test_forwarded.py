"""A group whose address is published by a domain that keeps its own MX: a real Postfix that forwards to us."""

from __future__ import annotations

import re

import pytest

from store import memberships
from store.terms import DeliveryState, PostState
from tests.mailbridge.rewrite.oracle import verdicts
from tests.postfix.front import AUTHOR, PUBLISHED, SERVED
from tests.postfix.scene import CONTACTS, REACHED, TEAM, Scene, eventually
from tests.postfix.world import GONE

pytestmark = pytest.mark.postfix


async def test_every_contact_has_a_copy_that_names_the_published_address(scene: Scene) -> None:
    await scene.submit(TEAM, "Lunch")
    copies = await scene.arrived("Lunch", len(REACHED))
    assert [copy.recipient for copy in copies] == list(REACHED)
    for copy in copies:
        assert copy.message["To"] == TEAM
        assert copy.message["List-Post"] == f"<mailto:{TEAM}>"
        assert re.fullmatch(rf"bounces\+[a-z2-7]+@{re.escape(SERVED)}", copy.return_path)
        # The front's verdict was for us; a copy must not lend it to whoever trusts the same name, and says it in ours.
        (results,) = copy.message.get_all("Authentication-Results", [])
        assert results.split() == [f"mail.{SERVED};", "dmarc=pass", "header.from=example.org"]
    assert len({copy.return_path for copy in copies}) == len(REACHED)


async def test_a_copy_still_verifies_after_postfix_has_carried_it(scene: Scene) -> None:
    text = "Caf\u00e9 \u00e9t\u00e9\n.\n..dots\n  two   blanks \n" + "x" * 900 + "\n\n \n\n"
    await scene.submit(TEAM, "Lunch", text=text)
    for copy in await scene.arrived("Lunch", len(REACHED)):
        assert verdicts(copy.raw) == [True, True]
        assert f"d={PUBLISHED};" in copy.message["DKIM-Signature"]
        assert copy.raw.startswith(b"Received:")  # Postfix was there
        head, found, rest = copy.raw.partition(b"List-Unsubscribe: <mailto:team-leave+")
        assert found
        assert verdicts(head + found + b"x" + rest) == [False, False]


async def test_what_postfix_could_not_deliver_marks_that_delivery_bounced(scene: Scene) -> None:
    await scene.submit(TEAM, "Lunch")
    post = await scene.post("Lunch")
    report, named = await scene.report(post, lambda so_far: so_far.counts.get(DeliveryState.BOUNCED, 0) > 0)
    assert report.counts[DeliveryState.BOUNCED] == 1
    assert [(one.address, one.state) for one in named] == [(GONE, DeliveryState.BOUNCED)]
    assert "Nobody of that name works here" in named[0].reply
    report, _ = await scene.report(post, lambda so_far: so_far.finished)
    assert report.counts[DeliveryState.RELAYED] == len(REACHED)
    assert report.expected == len(CONTACTS)


async def test_a_mail_to_the_leave_address_of_a_copy_stops_that_contact(scene: Scene) -> None:
    await scene.submit(TEAM, "Lunch")
    first, second = await scene.arrived("Lunch", len(REACHED))
    mailto = re.search(r"<mailto:([^>]+)>", first.message["List-Unsubscribe"])
    assert mailto is not None
    assert re.fullmatch(rf"team-leave\+[a-z2-7]+@{re.escape(SERVED)}", mailto[1])
    await scene.submit(mailto[1], "Unsubscribe", author=first.recipient)

    async def gone() -> bool | None:
        async with scene.database.reading() as tx:
            found = await memberships.find(tx, scene.group_id, key=first.recipient)
        return True if found is None else None

    await eventually(gone, "a contact that left")
    await scene.submit(TEAM, "Dinner")
    post = await scene.post("Dinner")
    report, _ = await scene.report(post, lambda so_far: so_far.finished)
    assert report.expected == len(CONTACTS) - 1
    assert [copy.recipient for copy in await scene.arrived("Dinner", 1)] == [second.recipient]


async def test_without_the_verdict_of_the_front_it_is_held(scene: Scene) -> None:
    await scene.submit(TEAM, "Forged", author=AUTHOR, return_path="mallory@example.com")
    post = await scene.post("Forged")
    assert (post.state, post.authenticated, post.author) == (PostState.HELD, False, AUTHOR)
    assert scene.mailboxes.with_subject("Forged") == []
