"""An answer by response_url: the one way to Slack that is no method of its Web API, with refusals of its own form."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import aiohttp

from bot import refusals
from bot.faults import Gone, RateLimited, Unreachable


async def send(session: aiohttp.ClientSession, response_url: str, body: Mapping[str, Any]) -> None:
    """Give the answer. Raises RateLimited, Unreachable, or Gone with Slack's word for what is wrong."""
    try:
        async with session.post(response_url, json=body) as answer:
            if answer.status == 429:
                raise RateLimited(float(answer.headers.get("Retry-After", "1")))
            if answer.status >= 500:
                raise Unreachable(f"response_url answered {answer.status}", uncertain=False)
            word = refusal(answer.status, await answer.text())
    except (aiohttp.ClientError, TimeoutError) as error:
        raise refusals.silent(error, "response_url") from error
    if word:
        raise Gone(word)


def refusal(status: int, text: str) -> str:
    """Slack's word, which comes bare or in JSON, the latter even with 200; "" if it took the answer."""
    try:
        said = json.loads(text)
    except ValueError:
        said = None
    if isinstance(said, dict) and said.get("ok") is False:
        return str(said.get("error") or status)
    return "" if status < 400 else text.strip()[:100] or str(status)
