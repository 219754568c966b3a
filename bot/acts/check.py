"""What would happen if the asker wrote to a group now: by the table that mail is judged by, and its contacts as of now.

What a message itself shows (its size, its marks) is not known before it is there.
"""

from __future__ import annotations

from bot.acts import lookup
from bot.context import Context
from bot.permissions import Verb
from bot.views import check as views
from bot.views.blocks import Shown
from store import fates, memberships, names, posting, reach, rulings
from store.terms import Action, GroupPolicy, Reason, Standing
from store.word import UNSAID, Word


async def check(context: Context, group_text: str) -> Shown:
    """Raises Refused, NotAllowed."""
    address = context.person.email or ""
    async with context.database.reading() as tx:
        group, _ = await lookup.named(context, tx, Verb.CHECK, group_text)
        assert group.id is not None
        standing, word = Standing.STRANGER, UNSAID
        if address:
            word = await rulings.word(tx, group.id, [address])
            standing = await memberships.standing(tx, group.id, address, authenticated=True)
        found = await reach.of(tx, group.id)
        named = [one.address for one in found.within if await lookup.seen(context, tx, one)]
        last = await fates.recent(tx, group.id, 1, author="")
        policy = names.policy(group)
    named_as = address or context.say_plain("check.unseen_address")
    sure = judged(standing, policy, named_as, word)
    doubted = (
        judged(Standing.UNPROVEN, policy, named_as, Word(word.banned)) if standing is not Standing.STRANGER else sure
    )
    return views.answer(
        context.language,
        views.Check(
            group=group.address,
            address=address,
            verdict=sure,
            unproven=doubted if doubted.action is not sure.action else None,
            recipients=found.recipients,
            outside=found.outside,
            within=named,
            hidden=len(found.within) - len(named),
            moderation=policy.moderation.value,
            largest=policy.max_receive_size,
            delivered=policy.max_send_size,
            over_send_size=policy.over_send_size,
            last_at=last[0].accepted_at if last else None,
        ),
    )


def judged(standing: Standing, policy: GroupPolicy, author: str, word: Word = UNSAID) -> views.Verdict:
    """What the policy decides about an author of that standing; a pause holds what would go out."""
    values = {"author": author, "group": policy.address}
    if word.banned and standing not in posting.IN_CHARGE:
        return views.Verdict(Action.REJECT, [Reason("banned", values)])
    row = posting.judge(posting.Author(standing, allowed=word.allowed), policy)
    reasons = [Reason(row.reason, values)] if row.reason else []
    if row.action is Action.REJECT or not posting.paused(policy):
        return views.Verdict(row.action, reasons)
    return views.Verdict(Action.HOLD, [*reasons, Reason("group_paused", {"group": policy.address})])
