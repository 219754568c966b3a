"""A person's Slack client: everything a person can do, told to the app as Slack tells it, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bot.sandbox import strings
from bot.sandbox.blockkit import all_options, check_blocks
from bot.sandbox.call import SlackError
from bot.sandbox.channels import Channel
from bot.sandbox.delivery import Delivery
from bot.sandbox.events import (
    action_of,
    block_suggestion,
    escape_command,
    message_action,
    message_actions,
    shortcut,
    slash_command,
    view_actions,
    view_closed,
    view_submission,
)
from bot.sandbox.files import File
from bot.sandbox.forms import (
    STATE,
    ImpossibleError,
    Place,
    Values,
    element_state,
    find_place,
    places,
    submit_errors,
)
from bot.sandbox.limits import FILE_BYTES
from bot.sandbox.messages import Message
from bot.sandbox.methods.views import given_view
from bot.sandbox.people import Person
from bot.sandbox.pickers import check_choice, suggestion_findings
from bot.sandbox.responses import answer
from bot.sandbox.socket import UnansweredError
from bot.sandbox.tickets import ResponseUrl
from bot.sandbox.views import View
from bot.sandbox.workspace import Workspace

Json = dict[str, Any]
SLACKBOT = "USLACKBOT"
DONE: Json = {"ok": True}


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a person acts: on a message, or on a view (the top modal, or Home)."""

    blocks: list[Json]
    values: Values
    topic: str
    channel: Channel | None = None
    message: Message | None = None
    view: View | None = None


class Client:
    """Every person's client. `base` gives the URL the sandbox is reached at."""

    def __init__(self, workspace: Workspace, delivery: Delivery, base: Callable[[], str]) -> None:
        self._workspace = workspace
        self._delivery = delivery
        self._base = base

    def _response_url(self, person: Person, channel: Channel, ts: str | None) -> str:
        return f"{self._base()}/response/{self._workspace.tickets.new_response(person.id, channel.id, ts)}"

    def _failed(self, person: Person, text: str, error: UnansweredError) -> Json:
        self._workspace.fail(person.id, text.format(error=error.code), code=error.code)
        return {"ok": False, "error": error.code}

    # ------------------------------------------------------------ commands

    async def command(self, person: Person, channel: Channel, line: str) -> Json:
        """Type `/command text` in a channel. A missed ack is told to the person, and is never repeated."""
        command, _, text = line.strip().partition(" ")
        if not channel.has(person.id):
            raise ImpossibleError(strings.NOT_A_MEMBER)
        if command not in self._workspace.settings.commands:
            self._tell(person, channel, strings.UNKNOWN_COMMAND.format(command=command))
            return {"ok": False, "error": "unknown_command"}
        payload = slash_command(
            person,
            channel,
            command,
            escape_command(text.strip(), self._workspace.people, list(self._workspace.channels)),
            response_url=self._response_url(person, channel, None),
            trigger_id=self._workspace.tickets.new_trigger(person.id),
        )
        try:
            body = await self._delivery.ask("slash_commands", payload, answers=True)
        except UnansweredError as error:
            self._tell(person, channel, strings.COMMAND_FAILED.format(command=command, error=error.code))
            return self._failed(person, strings.COMMAND_FAILED.format(command=command, error=error.code), error)
        if body and (body.get("text") or body.get("blocks") or body.get("attachments")):
            problem = answer(self._workspace, ResponseUrl(person.id, channel.id, None, 0.0), body)
            if problem is not None:
                detail = "; ".join(check_blocks("message", body.get("blocks", [])))
                self._workspace.fail(
                    person.id,
                    strings.COMMAND_FAILED.format(command=command, error=problem),
                    code=problem,
                    detail=detail,
                )
                return {"ok": False, "error": problem, "detail": detail}
        return DONE

    def _tell(self, person: Person, channel: Channel, text: str) -> None:
        self._workspace.post(channel.id, SLACKBOT, text, ephemeral_to=person.id)

    # ------------------------------------------------------------ elements

    def spot(self, person: Person, where: Json) -> Spot:
        """What `{channel, ts}`, `{view}` or `{home: true}` means to a person; ImpossibleError if they do not see it."""
        screen = self._workspace.screen(person.id)
        topic = f"person:{person.id}"
        if where.get("home"):
            if screen.home is None:
                raise ImpossibleError("there is no Home yet")
            return Spot(screen.home.blocks, screen.home.values, topic, view=screen.home)
        if where.get("view"):
            if screen.top is None or where["view"] not in (True, screen.top.id):
                raise ImpossibleError("that modal is not in front of this person")
            return Spot(screen.top.blocks, screen.top.values, topic, view=screen.top)
        channel = self._workspace.channels.find(str(where.get("channel", "")), person.id)
        message = self._workspace.messages.get(channel.id, str(where.get("ts", ""))) if channel else None
        if channel is None or message is None or not channel.has(person.id):
            raise ImpossibleError("this person sees no such message")
        if message.ephemeral_to not in (None, person.id):
            raise ImpossibleError("this person sees no such message")
        return Spot(message.blocks, message.values_for(person.id), f"channel:{channel.id}", channel, message)

    def _place(self, spot: Spot, action_id: str, block_id: str | None, value: Any = None) -> Place:
        place = find_place(spot.blocks, action_id, block_id, value)
        if place is None:
            known = sorted({str(p.element.get("action_id")) for p in places(spot.blocks)})
            raise ImpossibleError(f"no element {action_id!r} here; there are {known}")
        return place

    def _offered(self, person: Person, element: Json) -> list[Json]:
        if element["type"] == "file_input":
            return [file.as_slack(self._base()) for file in self._workspace.files.of(person.id)]
        return self._workspace.screen(person.id).offered.get(element["action_id"], [])

    def attach(self, person: Person, name: str, content: bytes) -> Json:
        """Choose a file of one's own computer for a file input: it is uploaded at once, and the app may read it."""
        if not name or "/" in name or not 0 < len(content) <= FILE_BYTES:
            raise ImpossibleError("that is no file's name, or an empty file")
        file = File(self._workspace.new_id("F"), person.id, name, len(content), content, seen_by_bot=True)
        return self._workspace.files.add(file).as_page()

    async def act(self, person: Person, where: Json, action_id: str, block_id: str | None, value: Any) -> Json:
        """Click a button, choose, or type: the value is kept, and the app told where Slack would tell it."""
        spot = self.spot(person, where)
        place = self._place(spot, action_id, block_id, value)
        element = place.element
        state = chosen = None
        if element["type"] in STATE:
            offered = self._offered(person, element)
            check_choice(self._workspace, person, element, value)
            state = element_state(element, value, offered)
            spot.values.setdefault(place.block["block_id"], {})[action_id] = state
            self._workspace.changes.note(spot.topic)
            if not place.dispatches:
                return {**DONE, "dispatched": False}
        elif element["type"] == "overflow":
            chosen = next((o for o in all_options(element) if o["value"] == value), None)
            if chosen is None:
                raise ImpossibleError(f"{value!r} is not in the menu of {action_id}")
        elif person.id not in element.get("visible_to_user_ids", [person.id]):
            raise ImpossibleError(f"{action_id} is not shown to this person")
        action = action_of(place, state, chosen, self._workspace.new_ts())
        trigger_id = self._workspace.tickets.new_trigger(person.id)
        if spot.view is not None:
            payload = view_actions(person, spot.view, action, trigger_id=trigger_id)
        else:
            assert spot.channel is not None
            assert spot.message is not None
            spot.message.pressed.add(action_id)
            url = self._response_url(person, spot.channel, spot.message.ts)
            payload = message_actions(
                person, spot.channel, spot.message, action, response_url=url, trigger_id=trigger_id
            )
        try:
            await self._delivery.ask("interactive", payload, answers=False)
        except UnansweredError as error:
            return self._failed(person, strings.ACTION_FAILED, error)
        return {**DONE, "dispatched": True}

    async def options(self, person: Person, where: Json, action_id: str, query: str) -> Json:
        """Type in an external select: what the app offers, flat or in groups."""
        spot = self.spot(person, where)
        place = self._place(spot, action_id, None)
        if not place.element["type"].endswith("external_select"):
            raise ImpossibleError(f"{action_id} asks the app for nothing")
        payload = block_suggestion(person, place, query, view=spot.view, message=spot.message)
        try:
            body = await self._delivery.ask("interactive", payload, answers=True) or {}
        except UnansweredError as error:
            return self._failed(person, strings.ACTION_FAILED, error)
        offered = list(all_options(body))
        detail = "; ".join(suggestion_findings(body))
        if detail:
            self._workspace.fail(
                person.id, strings.ACTION_FAILED.format(error="invalid_options"), code="invalid_options", detail=detail
            )
            return {"ok": False, "error": "invalid_options", "detail": detail}
        self._workspace.screen(person.id).offered[action_id] = offered
        return {**DONE, "options": offered, "option_groups": body.get("option_groups")}

    async def shortcut(self, person: Person, callback_id: str, where: Json) -> Json:
        """Use a shortcut: at the message of `where`, which may be anybody's but no ephemeral one, or without a place
        the one of the whole workspace. The app must have registered it."""
        wanted = "message" if where else "global"
        known = {one.callback_id: one for one in self._workspace.settings.shortcuts if one.kind == wanted}
        if callback_id not in known:
            raise ImpossibleError(f"no {wanted} shortcut {callback_id!r}; there are {sorted(known)}")
        trigger_id, ts = self._workspace.tickets.new_trigger(person.id), self._workspace.new_ts()
        if not where:
            payload = shortcut(person, callback_id, trigger_id=trigger_id, ts=ts)
        else:
            spot = self.spot(person, where)
            if spot.channel is None or spot.message is None or spot.message.ephemeral_to is not None:
                raise ImpossibleError("a shortcut is offered at messages that others see too")
            url = self._response_url(person, spot.channel, spot.message.ts)
            payload = message_action(
                person, spot.channel, spot.message, callback_id, response_url=url, trigger_id=trigger_id, ts=ts
            )
        try:
            await self._delivery.ask("interactive", payload, answers=False)
        except UnansweredError as error:
            return self._failed(person, strings.ACTION_FAILED, error)
        return DONE

    # ------------------------------------------------------------ modals

    async def submit(self, person: Person) -> Json:
        """Press the top modal's submit button. The app hears of it only once the client itself has no objection."""
        view = self._workspace.screen(person.id).top
        if view is None or not view.given.get("submit"):
            raise ImpossibleError("no modal with a submit button is in front of this person")
        topic = f"person:{person.id}"
        view.trouble = None
        view.errors = submit_errors(view.blocks, view.values)
        self._workspace.changes.note(topic)
        if view.errors:
            return {"ok": False, "errors": dict(view.errors)}
        payload = view_submission(person, view, trigger_id=self._workspace.tickets.new_trigger(person.id))
        try:
            body = await self._delivery.ask("interactive", payload, answers=True) or {}
        except UnansweredError as error:
            view.trouble = strings.SUBMIT_FAILED.format(error=error.code)
            return self._failed(person, strings.SUBMIT_FAILED, error)
        try:
            return self._respond(person, view, body)
        except SlackError as error:
            detail = "; ".join(error.extra.get("errors", []))
            view.trouble = strings.SUBMIT_FAILED.format(error=error.code)
            self._workspace.fail(person.id, view.trouble, code=error.code, detail=detail)
            return {"ok": False, "error": error.code, "detail": detail}

    def _respond(self, person: Person, view: View, body: Json) -> Json:
        """Carry out a response_action; SlackError when the app's answer is not one Slack takes."""
        action = body.get("response_action")
        if action is None:
            if body.get("text"):
                raise SlackError("invalid_response")
            self._workspace.drop_views(person.id, [view])
        elif action == "clear":
            self._workspace.drop_views(person.id, list(self._workspace.screen(person.id).modals))
        elif action == "errors":
            errors = body.get("errors")
            inputs = {block["block_id"] for block in view.blocks if block["type"] == "input"}
            if not isinstance(errors, dict) or not errors or not set(errors) <= inputs:
                raise SlackError.findings("invalid_errors", [f"errors must name input blocks, of {sorted(inputs)}"])
            view.errors = {str(key): str(text) for key, text in errors.items()}
            self._workspace.changes.note(f"person:{person.id}")
            return {"ok": False, "errors": dict(view.errors)}
        elif action == "update":
            self._workspace.put_view(view, given_view(body.get("view"), kind="modal"))
        elif action == "push":
            if self._workspace.push_view(person.id, given_view(body.get("view"), kind="modal")) is None:
                raise SlackError("push_limit_reached")
        else:
            raise SlackError("invalid_response_action")
        return DONE

    async def close(self, person: Person, *, everything: bool) -> Json:
        """Press Cancel or Back (the top modal), or the cross (`everything`: the whole stack)."""
        screen = self._workspace.screen(person.id)
        if screen.top is None:
            raise ImpossibleError("no modal is open")
        cleared = everything or bool(screen.top.given.get("clear_on_close"))
        gone = list(reversed(screen.modals)) if cleared else [screen.top]
        self._workspace.drop_views(person.id, gone)
        for view in gone:
            if view.given.get("notify_on_close"):
                try:
                    await self._delivery.ask("interactive", view_closed(person, view, cleared=cleared), answers=False)
                except UnansweredError as error:
                    return {"ok": False, "error": error.code}
        return DONE
