"""api.test, auth.test and apps.connections.open."""

from __future__ import annotations

from bot.sandbox.call import Call, Json, SlackError
from bot.sandbox.people import APP, BOT, BOT_USER, TEAM, TEAM_NAME


async def api_test(call: Call) -> Json:
    """api.test: echoes its arguments, or fails with the `error` it is told."""
    if call.text("error"):
        raise SlackError(call.text("error"), args=call.params)
    return {"args": call.params}


async def auth_test(call: Call) -> Json:
    """auth.test: whose token this is."""
    return {
        "url": f"{call.base}/",
        "team": TEAM_NAME,
        "user": "postroom",
        "team_id": TEAM,
        "user_id": BOT_USER,
        "bot_id": BOT,
        "app_id": APP,
        "is_enterprise_install": False,
    }


async def connections_open(call: Call) -> Json:
    """apps.connections.open: a WebSocket URL that lets one connection in, once."""
    return {"url": f"{call.base.replace('http', 'ws', 1)}/link?ticket={call.hub.new_ticket()}&app_id={APP}"}
