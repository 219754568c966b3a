"""blocks.*: whether a structure would be taken, asked without posting it."""

from __future__ import annotations

from bot.sandbox.blockkit import check_blocks, check_view
from bot.sandbox.call import Call, Json, SlackError


async def validate(call: Call) -> Json:
    """blocks.validate: of one of `blocks`, `message` and `view`. Needs no token."""
    given = {name: call.structure(name) for name in ("blocks", "message", "view") if name in call.params}
    if len(given) != 1:
        raise SlackError.findings("invalid_arguments", ["exactly one of blocks, message and view is to be given"])
    ((name, value),) = given.items()
    if name == "view":
        findings = check_view(value)
    elif name == "message":
        findings = check_blocks("message", value.get("blocks", []) if isinstance(value, dict) else value)
    else:
        findings = check_blocks("message", value)
    if findings:
        raise SlackError.findings("invalid_blocks", findings)
    return {}
