"""A checkup of the installation, for operators: asked for here, run by the bridge, shown by the outbox."""

from __future__ import annotations

from bot.context import Context
from bot.permissions import Verb
from bot.views import answers
from bot.views.blocks import Shown
from store import checkups


async def ask(context: Context) -> Shown:
    """Ask for one. Raises NotAllowed, and Refused while one is under way."""
    async with context.database.writing() as tx:
        actor = await context.require(tx, Verb.DOCTOR)
        checkup = await checkups.ask(tx, context.person, actor)
    if not checkup.probe:
        return answers.answer(context.language, "commands.doctor.started_unprobed")
    return answers.answer(context.language, "commands.doctor.started", email=checkup.probe)
