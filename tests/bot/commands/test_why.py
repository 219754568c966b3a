"""/group why and its buttons: what became of a post for somebody, told to who may know it."""

from __future__ import annotations

import pytest
from sqlmodel import update

from bot.acts import compositions
from mailbridge.policy.chain import CHAIN, HOLDS
from store import expansion, lanes, memberships, posts, queue, workers
from store.engine import Database
from store.posts import NewMessage, Submission
from store.schema.group import Group
from store.terms import Action as Decided
from store.terms import Decision, DeliveryState, Fault, Outcome, Reason, Refused, Reply, Stage, Standing
from store.texts import keys
from tests.bot.commands.conftest import ADA, BOTH, GRACE, LINUS, MARGARET, NOOR, Office
from tests.bot.commands.test_forged import act_of
from tests.bot.conftest import SYSTEM
from tests.store.named import named

ACCEPT = Decision(Decided.ACCEPT)
OK = Outcome(DeliveryState.RELAYED, Reply(250, "2.0.0", "Ok"), Stage.DOT)
NO_SUCH = Outcome(DeliveryState.FAILED, Reply(550, "5.1.1", "no <!channel> here"), Stage.RCPT, Fault.RECIPIENT)
LATER = Outcome(DeliveryState.DEFERRED, Reply(450, "4.2.0", "greylisted"), Stage.RCPT)


async def post(
    office: Office,
    subject: str,
    decision: Decision = ACCEPT,
    author: str = "ada@example.org",
    only_to: str | None = None,
) -> int:
    """Bring a post to the team, expanded where it is accepted; gives it."""
    message = NewMessage(
        b"x", f"id-{subject}", author=author, subject=subject, authenticated=True, verdict="dkim_pass", only_to=only_to
    )
    async with office.database.writing() as tx:
        group = await named(tx, "team@groups.example.org")
        assert group is not None
        assert group.id is not None
        made = await posts.submit(tx, message, [Submission(group.id, Standing.MEMBER, decision, subject)])
    post_id = made.posts[0].id
    assert post_id is not None
    while (await office.database.bulk(lambda bulk: expansion.expand(bulk, post_id, by_domain=False))).rows:
        pass
    return post_id


async def settle(database: Database, outcomes: dict[str, Outcome]) -> None:
    """Have the copies to these addresses end so; the others stay queued."""
    life = await workers.begin(database, "mailbridge")
    lane_id = await database.bulk(lambda bulk: lanes.ensure(bulk, lanes.RELAY))
    claims = (await database.bulk(lambda bulk: queue.claim(bulk, life.id, lane_id, 100))).claims
    due = database.clock()
    results = [
        queue.Result(one, outcomes[one.address], due if outcomes[one.address] is LATER else None)
        for one in claims
        if one.address in outcomes
    ]
    rest = [one for one in claims if one.address not in outcomes]
    await database.bulk(lambda bulk: queue.settle(bulk, life.id, results))
    await database.bulk(lambda bulk: queue.unclaim(bulk, life.id, rest, due))
    life.end()


@BOTH
async def test_an_administrator_is_told_what_became_of_a_post_for_anybody(office: Office) -> None:
    await office.create(people={"contacts": [LINUS, MARGARET, GRACE], "outside": "o@else.example\np@else.example"})
    await office.ask(LINUS, "pause team 2 weeks")
    await post(office, "Lunch <!channel>")
    outcomes = {"margaret@example.org": OK, "o@else.example": NO_SUCH, "p@else.example": LATER}
    await settle(office.database, outcomes)
    for typed, words in (
        ("why team @margaret", ("A copy went out: the mail relay took it", "2.0.0 Ok", "receives mail")),
        ("why team o@else.example", ("refused it", "550 5.1.1 no &lt;!channel&gt; here", "Lunch &lt;!channel&gt;")),
        ("why team P@ELSE.example lunch", ("did not take it yet", "greylisted")),
        ("why team @linus", ("paused until", "were paused or stopped when the post was accepted")),
        ("why team @grace", ("waits for its turn",)),
        ("why team @gil", ("not in the group", "they were not a contact")),
        ("why team @margaret dinner", ("No post to *team@groups.example.org*", "“dinner”")),
        ("why team @margaret id-Lunch <!channel>", ("A copy went out",)),
        ("why team nobody@", ("is not an e-mail address",)),
        ("why team @nobody", ("did not recognise @nobody",)),
        ("why team #general", ("is no person",)),
    ):
        told = await office.ask(ADA, typed)
        for word in words:
            assert word in told, (typed, told)
    async with office.database.writing() as tx:
        group = await named(tx, "team@groups.example.org")
        assert group is not None
        row = await memberships.find(tx, group.id, key="grace@example.org")
        assert row is not None
        await memberships.leave(tx, group.id or 0, row, SYSTEM)
    told = await office.ask(ADA, "why team grace@example.org")
    assert "they left, were taken off the group" in told
    assert "Only administrators of team@groups.example.org can ask about others" in await office.ask(
        LINUS, "why team @margaret"
    )


async def test_others_are_told_of_themselves_and_of_their_own_posts(office: Office) -> None:
    await office.create(people={"contacts": [LINUS]})
    reasons = (Reason("unproven", {"author": "linus@example.org", "group": "team@groups.example.org"}),)
    await post(office, "Mine", Decision(Decided.HOLD, reasons), "linus@example.org")
    await post(office, "Secret", Decision(Decided.HOLD, reasons), "eve@else.example")
    assert "Nothing was posted" in await office.ask(NOOR, "why team")
    told = await office.ask(LINUS, "why team")
    assert "nothing proves that linus@example.org wrote it" in told
    assert "waits for a decision" in told
    assert "Secret" not in told
    assert "Secret" not in await office.ask(LINUS, "why team linus@example.org secret")
    await office.ask(ADA, "settings team slack_content none")
    told = await office.ask(LINUS, "why team")
    assert "Mine" not in told
    assert "A post of" in told
    async with office.database.writing() as tx:
        await tx.exec(update(Group).values(hidden=True))
    assert "no group team" in await office.ask(MARGARET, "why team")


async def test_who_is_not_in_the_group_learns_nothing_of_its_mail(office: Office) -> None:
    await office.create(people={"contacts": [LINUS, GRACE]})
    await post(office, "Redundancies")
    assert "Redundancies" in await office.ask(LINUS, "why team")
    for typed in ("why team", "why team Redundancies", "why team redund"):
        assert "Redundancies" not in (await office.ask(NOOR, typed)).replace("“Redundancies”", ""), typed
    assert "A post of" not in await office.ask(NOOR, "why team redund")
    assert "A post of" in await office.ask(NOOR, "why team id-Redundancies")
    await settle(office.database, {"grace@example.org": OK})
    async with office.database.writing() as tx:
        group = await named(tx, "team@groups.example.org")
        assert group is not None
        row = await memberships.find(tx, group.id, key="grace@example.org")
        assert row is not None
        await memberships.leave(tx, group.id or 0, row, SYSTEM)
    assert "Redundancies" in await office.ask(GRACE, "why team")  # the copy she had


async def test_an_answer_to_an_author_alone_is_the_business_of_the_two(office: Office) -> None:
    await office.create(people={"contacts": [LINUS, MARGARET, GRACE]})
    post_id = await post(office, "Between us", author="linus@example.org", only_to="margaret@example.org")
    await settle(office.database, {"margaret@example.org": OK})
    for slack_id, typed in ((GRACE, "why team"), (GRACE, "why team between"), (ADA, "why team"), (ADA, "reports team")):
        assert "Between us" not in await office.ask(slack_id, typed), (slack_id, typed)
    for slack_id in (LINUS, MARGARET):
        assert "Between us" in await office.ask(slack_id, "why team")
        async with office.database.reading() as tx:
            await compositions.answered(await act_of(office, slack_id), tx, post_id)
    for slack_id in (GRACE, ADA):
        context = await act_of(office, slack_id)
        async with office.database.reading() as tx:
            with pytest.raises(Refused, match="compose_answers_nothing"):
                await compositions.answered(context, tx, post_id)


def test_every_rule_of_the_policy_is_a_question() -> None:
    known = keys("en")
    assert {f"why.rule.{rule.name}" for rule in (*CHAIN, *HOLDS)} <= known
    assert {f"why.fate.post_{state}" for state in ("held", "rejected", "discarded", "expired")} <= known
