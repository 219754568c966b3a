"""/group check: what mail programs' tips say, by the table that mail is judged by."""

from __future__ import annotations

import pytest
from sqlmodel import update

from bot.acts.check import judged
from mailbridge.policy import chain
from mailbridge.policy.facts import Facts
from store.schema.group import Group
from store.terms import GroupKind, GroupPolicy, Mode, Moderation, Posting, Standing
from store.word import UNSAID
from tests.bot.commands.conftest import ADA, BOTH, LINUS, MARGARET, NOOR, Office


@BOTH
async def test_who_asks_learns_what_would_happen_and_who_would_get_it(office: Office) -> None:
    await office.create("inner", people={"contacts": [LINUS, MARGARET], "outside": "o@else.example"}, max_send_size="")
    people = {"contacts": [LINUS], "outside": "o@else.example\np@else.example\ninner@groups.example.org"}
    await office.create(people=people, max_receive_size="5 MB", max_send_size="2 MB")
    told = await office.ask(LINUS, "check team")
    for words in (
        "as linus@example.org, your post goes out at once",
        "If nothing proves that the mail is yours, it is held",
        "*4 people* would get it",
        "*2 of them are outside*",
        "as their own rules allow: inner@groups.example.org",
        "up to 5 MB",
        "Beyond 2 MB a post is refused",
        "No post has gone out yet",
    ):
        assert words in told, told
    assert "is held for a decision" in await office.ask(MARGARET, "check team")
    unseen = await office.ask(NOOR, "check team")
    assert "Slack shows no e-mail address for you" in unseen
    assert "an address I cannot see is not a member of" in unseen
    await office.ask(ADA, "settings team posting administrators")
    await office.ask(ADA, "settings team moderation none")
    told = await office.ask(LINUS, "check team")
    assert "your post is refused" in told
    assert "does not allow linus@example.org to post" in told
    await office.ask(ADA, "settings team mode paused")
    assert "is paused; its posts wait" in await office.ask(ADA, "check team")
    async with office.database.writing() as tx:
        await tx.exec(update(Group).values(hidden=True))
    assert "no group team" in await office.ask(MARGARET, "check team")


@pytest.mark.parametrize("standing", list(Standing))
def test_it_says_what_the_bridge_decides(standing: Standing) -> None:
    for posting in Posting:
        for moderation in Moderation:
            for mode in Mode:
                policy = GroupPolicy(
                    1, GroupKind.GROUP, "a@b.example", "a@b.example", "A", posting=posting, moderation=moderation,
                    mode=mode,
                )  # fmt: skip
                proven = standing not in (Standing.UNPROVEN, Standing.STRANGER)
                decision = chain.decide(Facts("x@y.example", proven, standing, 1), policy)
                told = judged(standing, policy, "x@y.example", UNSAID)
                assert (told.action, [one.name for one in told.reasons]) == (
                    decision.action, [one.name for one in decision.reasons],
                )  # fmt: skip
