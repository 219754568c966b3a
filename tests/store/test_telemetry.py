"""Logs: one line an event, and no secret in it however it came there."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
import structlog

from store import telemetry


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def test_an_event_is_one_line_with_its_values(capsys: pytest.CaptureFixture[str]) -> None:
    telemetry.configure()
    structlog.get_logger().info("post.accepted", post=7, group="dev@example.org", subject="a\nforged line")
    logging.getLogger("elsewhere").warning("slow\nquery %s", 3)
    first, second = capsys.readouterr().err.splitlines()
    assert first.endswith(" info post.accepted post=7 group=dev@example.org subject='a\\nforged line'")
    assert second.endswith(" warning 'slow\\nquery 3'")


@pytest.mark.parametrize(
    ("said", "secret"),
    [
        ("token xoxb-12-34-abcDEF refused", "abcDEF"),
        ("xapp-1-A2-kitten", "kitten"),
        ("cannot connect to postgresql+psycopg://root:hunter2@db.example/postroom", "hunter2"),
        ("smtps://me%40x:hunter2@relay:465", "hunter2"),
    ],
)
def test_no_secret_is_logged_even_within_an_exception(
    capsys: pytest.CaptureFixture[str], said: str, secret: str
) -> None:
    telemetry.configure()
    try:
        raise ValueError(said)
    except ValueError:
        structlog.get_logger().exception("start.failed", cause=said)
        logging.getLogger("elsewhere").exception(said)
    logged = capsys.readouterr().err
    assert secret not in logged
    assert "***" in logged


def test_libraries_that_log_commands_and_payloads_are_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    telemetry.configure(logging.DEBUG)
    for name in telemetry.QUIET:
        logging.getLogger(name).info("AUTH PLAIN hunter2")
    assert capsys.readouterr().err == ""
