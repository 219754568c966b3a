"""Logs: one line an event, past-tense nouns with ids, on standard error; never a secret, never a mail's text."""

from __future__ import annotations

import logging
import sys

import structlog

# Libraries that log what must not be logged (commands, payloads, tokens) unless told not to.
QUIET = ("mail.log", "alembic", "slack_bolt", "slack_sdk", "aiohttp.access", "apscheduler", "aiosqlite", "uvicorn")


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
                structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "event"], repr_native_str=False),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
