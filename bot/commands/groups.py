"""Commands on groups as a whole: directory, one group, creation, deletion, and what waits for the asker."""

from __future__ import annotations

from bot.acts import drafts
from bot.acts import groups as acts
from bot.acts import home as home_acts
from bot.commands.bound import Bound
from bot.commands.grammar import Misread, nearest
from bot.context import Context
from bot.views import home as home_views
from bot.views.blocks import Shown
from store.templates import Template


async def directory(context: Context, bound: Bound) -> Shown:
    return await acts.directory(context, bound.search, bound.page)


async def show(context: Context, bound: Bound) -> Shown:
    assert bound.group is not None
    return await acts.detail(context, bound.group)


async def create(context: Context, bound: Bound) -> None:
    await context.modal(
        await drafts.create(context, bound.group or "", _template(bound.template), follows=bound.source)
    )


def _template(word: str) -> Template | None:
    """The template of that name. Raises Misread `unknown_choice`."""
    if not word:
        return None
    found = nearest(word, [one.value for one in Template])
    if found is None:
        raise Misread("unknown_choice", word=word, choices=", ".join(Template))
    return Template(found)


async def delete(context: Context, bound: Bound) -> None:
    assert bound.group is not None
    await context.modal(await acts.delete_form(context, bound.group))


async def pending(context: Context, bound: Bound) -> Shown:
    return home_views.pending(context.language, await home_acts.waiting(context))
