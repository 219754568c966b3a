"""The log of a group, or of all, for who may see it: a page in Slack, or all of it as a file."""

from __future__ import annotations

from bot.acts import lookup, sending
from bot.context import Context
from bot.permissions import Verb
from bot.views import answers, trail
from bot.views.blocks import Shown
from bot.views.trail import Wanted
from store import history, persons
from store.engine import Reading
from store.history import Filters
from store.terms import Address, InvalidAddress, Refused

EVERY = "all"
MOST = 50_000  # rows of a file


async def log(context: Context, group_text: str, wanted: Wanted, again: str) -> Shown:
    """Raises Refused `log_actor_unknown` and of `sending.send`, NotAllowed, and as a group is looked up."""
    async with context.database.reading() as tx:
        of, filters = await _filters(context, tx, group_text, wanted)
        if wanted.csv:
            acts = await history.page(tx, filters, offset=0, limit=MOST)
        else:
            acts = await history.page(tx, filters, offset=(wanted.page - 1) * trail.PAGE, limit=trail.PAGE + 1)
    if wanted.csv:
        name = f"log-{of or EVERY}.csv"
        comment = context.say("log.file_of" if of else "log.file_of_all", n=len(acts), group=of)
        await sending.send(context, name, trail.table(acts), comment)
        return answers.answer(context.language, "log.file", n=len(acts), name=name)
    return trail.shown(
        context.language,
        acts[: trail.PAGE],
        of=of,
        page=wanted.page,
        more=len(acts) > trail.PAGE,
        command=context.settings.command,
        again=again,
    )


async def _filters(context: Context, tx: Reading, group_text: str, wanted: Wanted) -> tuple[str, Filters]:
    of, group_id = "", None
    if group_text.lower() == EVERY:
        await context.require(tx, Verb.LOG_ALL)
    else:
        group, _ = await lookup.named(context, tx, Verb.LOG, group_text)
        of, group_id = group.address, group.id
    return of, Filters(group_id, wanted.actor or await _subject(tx, wanted), wanted.what, wanted.since)


async def _subject(tx: Reading, wanted: Wanted) -> str:
    """The random id the audit names a person by, "" for everybody."""
    if wanted.slack_id:
        person = await persons.by_slack(tx, wanted.slack_id)
        if person is None:
            raise Refused("log_actor_unknown", whom=wanted.slack_id)
        return person.subject
    if wanted.address:
        try:
            found = await persons.by_email(tx, Address.parse(wanted.address).key)
        except InvalidAddress:
            found = []
        if not found:
            raise Refused("log_actor_unknown", whom=wanted.address[:100])
        return found[0].subject
    return ""
