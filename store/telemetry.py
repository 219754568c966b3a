"""Logs: one line an event, past-tense nouns with ids, on standard error; never a secret, never a mail's text."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

# Libraries that log what must not be logged (commands, payloads, tokens) unless told not to.
QUIET = ("mail.log", "alembic", "slack_bolt", "slack_sdk", "aiohttp.access", "apscheduler", "aiosqlite", "uvicorn")

# What must not be in a log even if an exception's text brings it: Slack's tokens, and passwords within URLs.
SECRETS = re.compile(r"\bx(?:ox[a-z]|app)-[\w-]+|(?<=://)[^\s/@]*:[^\s/@]*(?=@)")


PLAIN = re.compile(r"[!-~]+")  # shown as it is; anything else is quoted, so that no value can begin a line of its own
FIRST = ("timestamp", "level", "event")


def line(_logger: object, _method: str, event: MutableMapping[str, Any]) -> str:
    """`timestamp level event key=value …` on one line, a traceback on the lines after it, and no secret in either."""
    traceback = event.pop("exception", None)
    head = [_shown(event.pop(name, "-")) for name in FIRST]
    rest = [f"{name}={_shown(value)}" for name, value in event.items()]
    text = " ".join([*head, *rest]) + (f"\n{traceback}" if traceback else "")
    return SECRETS.sub("***", text)


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if PLAIN.fullmatch(text) else repr(text)


def configure(level: int = logging.INFO) -> None:
    """Set up structlog over the standard library's logging; call once, at the start of a process."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                line,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
