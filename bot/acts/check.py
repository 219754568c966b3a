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
from store.engine import Reading
from store.schema.group import Group
from store.terms import Action, GroupPolicy, Reason, Standing
from store.word import UNSAID, Word


async def check(context: Context, group_text: str) -> Shown:
    """Raises Refused, NotAllowed."""
    address = context.person.email or ""
    async with context.database.reading() as tx:
        group, _ = await lookup.named(context, tx, Verb.CHECK, group_text)
        assert group.id is not None
        standing, word = await _known(tx, group.id, address)
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


async def refuses(tx: Reading, group: Group, address: str) -> bool:
    """Whether the group would refuse what the proven owner of this address writes, whatever it is."""
    assert group.id is not None
    policy = names.policy(group)
    standing, word = await _known(tx, group.id, address)
    return policy.archived or judged(standing, policy, address, word).action is Action.REJECT


async def _known(tx: Reading, group_id: int, address: str) -> tuple[Standing, Word]:
    if not address:
        return Standing.STRANGER, UNSAID
    standing = await memberships.standing(tx, group_id, address, authenticated=True)
    return standing, await rulings.word(tx, group_id, [address])


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
