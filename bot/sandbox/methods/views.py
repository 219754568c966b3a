"""views.*: opening, pushing and changing modals, and publishing App Home."""

from __future__ import annotations

import json

from bot.sandbox.blockkit import check_view
from bot.sandbox.call import Call, Json, SlackError
from bot.sandbox.limits import VIEW_BYTES
from bot.sandbox.tickets import TicketError
from bot.sandbox.views import View


def given_view(view: object, *, kind: str | None) -> Json:
    """The view an app handed over, once it passed; `kind` is the type it must be, None for either.

    SlackError invalid_arguments with the findings, or view_too_large.
    """
    findings = check_view(view)
    if not isinstance(view, dict) or findings:
        raise SlackError.findings("invalid_arguments", findings)
    if kind is not None and view["type"] != kind:
        raise SlackError.findings("invalid_arguments", [f"must be of type {kind} [json-pointer:/view/type]"])
    if len(json.dumps(view, ensure_ascii=False).encode()) > VIEW_BYTES:
        raise SlackError("view_too_large")
    return view


def _person_of_trigger(call: Call) -> str:
    try:
        return call.workspace.tickets.use_trigger(call.needed("trigger_id"))
    except TicketError as error:
        raise SlackError(error.code) from error


def _unused_external_id(call: Call, view: Json, own: View | None = None) -> None:
    external_id = view.get("external_id")
    found = call.workspace.find_view(None, external_id) if external_id else None
    if found is not None and found is not own:
        raise SlackError("duplicate_external_id")


async def open_view(call: Call) -> Json:
    """views.open."""
    view = given_view(call.structure("view"), kind="modal")
    _unused_external_id(call, view)
    return {"view": call.workspace.open_view(_person_of_trigger(call), view).as_slack()}


async def push_view(call: Call) -> Json:
    """views.push: at most three in a stack."""
    view = given_view(call.structure("view"), kind="modal")
    _unused_external_id(call, view)
    person_id = _person_of_trigger(call)
    if not call.workspace.screen(person_id).modals:
        raise SlackError("not_found")
    pushed = call.workspace.push_view(person_id, view)
    if pushed is None:
        raise SlackError("push_limit_reached")
    return {"view": pushed.as_slack()}


def _fresh(call: Call, view: View | None) -> None:
    """hash_conflict when the caller's hash is not that of the view as it is now."""
    given = call.text("hash")
    if given and (view is None or given != view.hash):
        raise SlackError("hash_conflict")


async def update_view(call: Call) -> Json:
    """views.update, by view_id or external_id, optionally only if unchanged since `hash`."""
    view = call.workspace.find_view(call.text("view_id") or None, call.text("external_id") or None)
    if view is None:
        raise SlackError("not_found")
    given = given_view(call.structure("view"), kind=view.kind)
    _unused_external_id(call, given, view)
    _fresh(call, view)
    call.workspace.put_view(view, given)
    return {"view": view.as_slack()}


async def publish_view(call: Call) -> Json:
    """views.publish, optionally only if unchanged since `hash`."""
    given = given_view(call.structure("view"), kind="home")
    person = call.workspace.people.get(call.needed("user_id"))
    if person is None or person.bot or person.deactivated:
        raise SlackError("invalid_arguments")
    _fresh(call, call.workspace.screen(person.id).home)
    return {"view": call.workspace.publish_home(person.id, given).as_slack()}
