"""A roster as a file: what an import would change, shown before anything is, and the export an import takes back."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog

from bot.acts import lookup, sending
from bot.context import Context
from bot.faults import Denied, Gone, SlackFault
from bot.permissions import Verb
from bot.shares import MOST
from bot.views import answers, escape
from bot.views import proposals as views
from bot.views.blocks import Shown, View
from store import applying, audit, comparing, persons, proposals, spreadsheet
from store.comparing import Difference
from store.exchange import sheet as sheets
from store.exchange.sheet import Encoding, Sheet
from store.proposals import Seen
from store.terms import MEGABYTE, Receiving, Refused
from store.texts import say
from store.verdicts import ProposalState

log = structlog.get_logger()


async def import_form(context: Context, group: str | int) -> View:
    """Where a file of contacts is chosen. Raises Refused, NotAllowed."""
    async with context.database.reading() as tx:
        found, _ = await lookup.meant(context, tx, Verb.IMPORT, group)
    assert found.id is not None
    return views.import_form(context.language, found.id, found.address)


async def take(context: Context, group_id: int, file_id: str, *, withdraw_others: bool) -> str:
    """Read a file, and show by direct message what it would change; gives the same as a mrkdwn text.

    Nothing is changed. Raises Refused of `sheets.read`, `file_too_large`, `file_unreadable`; NotAllowed.
    """
    async with context.database.reading() as tx:  # the right first: who has none has no file read
        await lookup.numbered(context, tx, Verb.IMPORT, group_id)
    name, octets = await _fetched(context, file_id)
    sheet = await asyncio.to_thread(sheets.read, octets)
    async with context.database.reading() as tx:
        group, _ = await lookup.numbered(context, tx, Verb.IMPORT, group_id)
        found = await comparing.difference(tx, group, sheet.contacts, withdraw_others=withdraw_others)
    counts = dict(found.seen.counts)
    extra = {"duplicates": sheet.duplicates, "invalid": len(sheet.faults) + len(found.refused)}
    seen = Seen(found.seen.changes, counts | {key: number for key, number in extra.items() if number})
    told = await propose(context, group_id, escape.visible(name), seen)
    if sheet.encoding is Encoding.GUESSED:
        told.append(context.say("commands.import.guessed"))
    told += await _left_out(context, group.address, sheet, found)
    return "\n".join(told)


async def propose(context: Context, group_id: int, source: str, seen: Seen) -> list[str]:
    """Show a difference by direct message, if there is one; gives what to say of it here."""
    packed = await asyncio.to_thread(seen.changes.packed)
    async with context.database.writing() as tx:
        group, _ = await lookup.numbered(context, tx, Verb.IMPORT, group_id)
        if seen.changes.total:
            await proposals.propose(tx, group, context.person, source, seen, packed)
    key = "commands.import.shown" if seen.changes.total else "commands.import.nothing"
    head = context.say(key, source=source, address=group.address)
    return [head, *views.summary(context.language, seen.counts)]


async def decide(context: Context, proposal_id: int, state: ProposalState) -> Shown | None:
    """Apply or discard what was proposed; what to say where somebody was faster. Raises Refused, NotAllowed."""
    async with context.database.writing() as tx:
        proposal = await proposals.get(tx, proposal_id)
        found = await lookup.behind(context, tx, Verb.IMPORT, proposal.group_id) if proposal is not None else None
        if found is None:
            raise Refused("proposal_gone")
        won = await proposals.decide(tx, proposal_id, state, found[1])
    if won and state is ProposalState.APPLYING:
        # Should this process die meanwhile, the bridge goes on (`applying.go_on`).
        await applying.carry_out(context.database, proposal_id)
    return None if won else await _decided(context, proposal_id)


async def _decided(context: Context, proposal_id: int) -> Shown:
    async with context.database.reading() as tx:
        proposal = await proposals.get(tx, proposal_id)
        if proposal is None or proposal.decided_by is None or proposal.decided_at is None:
            return answers.answer(context.language, "commands.import.over")
        by = await persons.get(tx, proposal.decided_by)
    at = escape.moment(proposal.decided_at)
    return answers.answer(context.language, "commands.import.decided", by=escape.person(by.slack_id), at=at)


async def export(context: Context, group: str | int) -> str:
    """Send the contacts as a CSV file by direct message; gives what to say of it. Raises Refused, NotAllowed."""
    async with context.database.writing() as tx:
        found, actor = await lookup.meant(context, tx, Verb.EXPORT, group)
        await audit.record(tx, "roster.exported", actor, group_id=found.id)
    assert found.id is not None
    async with context.database.reading() as tx:
        contacts = [row for row in await comparing.roster(tx, found.id) if row.contact]
    stopped = sum(row.receiving is Receiving.STOPPED for row in contacts)
    rows = [(row.address, row.name) for row in contacts if row.receiving is not Receiving.STOPPED]
    octets = await asyncio.to_thread(spreadsheet.file, [("address", "name"), *rows])
    told = [context.say("commands.export.done", n=len(rows), address=found.address)]
    if stopped:
        told.append(context.say("commands.export.stopped", n=stopped))
    name = f"{found.address.partition('@')[0]}.csv"
    await sending.send(context, name, octets, "\n".join(told))
    return context.say("commands.export.sent", address=found.address)


async def _fetched(context: Context, file_id: str) -> tuple[str, bytes]:
    try:
        return await context.slack.download(file_id, of=context.person.slack_id)
    except Gone as gone:
        raise Refused("file_unreadable", fault=gone.error) from gone
    except Denied as refusal:
        if refusal.error == "file_too_large":
            raise Refused("file_too_large", limit=str(MOST // MEGABYTE)) from refusal
        raise Refused("file_unreadable", fault=str(refusal)[:100]) from refusal


async def _left_out(context: Context, address: str, sheet: Sheet, found: Difference) -> list[str]:
    """Send who is left out, a line each with why, as a file of its own; what to say of it."""
    rows: list[Sequence[object]] = [
        (fault.line, fault.text, answers.plain(context.language, fault.refused.name, fault.refused.values))
        for fault in sheet.faults
    ]
    rows += [
        ("", one.address, answers.plain(context.language, one.name, {"address": str(one.address)}))
        for one in found.refused
    ]
    rows += [("", one, context.say_plain(f"commands.import.why.{why}")) for one, why in found.kept_out]
    if not rows:
        return []
    head = [context.say_plain(f"commands.import.column.{name}") for name in ("line", "text", "why")]
    octets = await asyncio.to_thread(spreadsheet.file, [head, *rows])
    said = say(context.language, "commands.import.left_out", via=escape.mrkdwn, n=len(rows), address=address)
    try:
        await sending.send(context, context.say_plain("commands.import.left_out_name"), octets, said)
    except (SlackFault, Refused) as fault:
        log.warning("import.faults_unsent", cause=fault)
        return [context.say("commands.import.left_out_unsent")]
    return [said]
