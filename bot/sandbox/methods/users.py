"""users.* and usergroups.*: what the bot may know of people. E-mail only with users:read.email."""

from __future__ import annotations

from bot.sandbox.call import Call, Json, SlackError
from bot.sandbox.people import Person


def _shown(call: Call, person: Person) -> Json:
    return person.as_slack(
        with_email="users:read.email" in call.workspace.scopes, with_locale=call.flag("include_locale")
    )


async def info(call: Call) -> Json:
    """users.info."""
    person = call.workspace.people.get(call.needed("user"))
    if person is None:
        raise SlackError("user_not_found")
    return {"user": _shown(call, person)}


async def listing(call: Call) -> Json:
    """users.list, paged; deactivated people and bots are in it."""
    page, more = call.page(list(call.workspace.people), 200)
    return {"members": [_shown(call, person) for person in page], "response_metadata": more}


async def lookup_by_email(call: Call) -> Json:
    """users.lookupByEmail; finds no deactivated people."""
    email = call.needed("email").lower()
    for person in call.workspace.people:
        if (person.email or "").lower() == email and not person.deactivated:
            return {"user": _shown(call, person)}
    raise SlackError("users_not_found")


def _paid(call: Call) -> None:
    if call.workspace.free_plan:
        raise SlackError("paid_teams_only")


async def group_listing(call: Call) -> Json:
    """usergroups.list; user groups are of the paid plans alone."""
    _paid(call)
    groups = [
        group.as_slack(with_members=call.flag("include_users"))
        for group in call.workspace.people.groups
        if call.flag("include_disabled") or not group.deactivated
    ]
    return {"usergroups": groups}


async def group_members(call: Call) -> Json:
    """usergroups.users.list; of a disabled group only with `include_disabled`."""
    _paid(call)
    wanted = call.needed("usergroup")
    for group in call.workspace.people.groups:
        if group.id == wanted and (not group.deactivated or call.flag("include_disabled")):
            return {"users": list(group.members)}
    raise SlackError("no_such_subteam")
