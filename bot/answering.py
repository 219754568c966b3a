"""An answer that one person waits for, by direct message: tried again while Slack is away for a moment.

It is in no row: who asked can ask again, and is not to be told tomorrow. But who clicked and hears nothing takes it
for done.
"""

from __future__ import annotations

import asyncio

import structlog

from bot.faults import RateLimited, Unreachable
from bot.slack import Slack
from bot.views.blocks import Shown

log = structlog.get_logger()
WAITS = (1.0, 4.0, 15.0)  # seconds between tries


async def by_dm(slack: Slack, slack_id: str, shown: Shown) -> None:
    """Post to the person alone. Where the answer to it was lost it is posted once more, never a third time.

    Raises a SlackFault: what was refused at once, what is away after all tries.
    """
    stands = 0  # how often it may stand there already
    for wait in (*WAITS, None):
        try:
            if stands and not await slack.takes_posts():
                raise Unreachable("what posts does not answer", uncertain=False)
            await slack.post(await slack.open_dm(slack_id), shown)
        except (RateLimited, Unreachable) as fault:
            stands += isinstance(fault, Unreachable) and fault.uncertain
            if wait is None or stands > 1:
                raise
            log.info("answer.waits", person=slack_id, cause=fault)
            await asyncio.sleep(max(wait, fault.seconds) if isinstance(fault, RateLimited) else wait)
        else:
            return
