"""What can go wrong when Slack is called, as few kinds as there are ways to go on.

SlackFault
├── RateLimited   wait that long, then the same again
├── Unreachable   no answer; `uncertain` says that a message or file may stand there all the same
├── Gone          the channel, message or person is no longer there for us: waiting will not help
└── Denied        everything else Slack refuses: a missing scope, a bad view, an expired trigger
"""

from __future__ import annotations


class SlackFault(Exception):  # noqa: N818 - the root of the tree above
    """A call to Slack that did not do what was asked."""


class RateLimited(SlackFault):
    """Slack asks to wait `seconds` before the next call of this method (for posting: to this channel)."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"rate limited for {seconds:g} s")
        self.seconds = seconds


class Unreachable(SlackFault):
    """No answer. `uncertain`: what was to be left in Slack may stand there, so that a repeat would leave it twice."""

    def __init__(self, cause: str, *, uncertain: bool) -> None:
        super().__init__(cause)
        self.uncertain = uncertain


class Gone(SlackFault):
    """What the call is about cannot be reached any more; `error` is Slack's word for it."""

    def __init__(self, error: str) -> None:
        super().__init__(error)
        self.error = error


class Denied(SlackFault):
    """Slack refused; `error` is its word, `detail` what else it said (never anything secret)."""

    def __init__(self, error: str, detail: str = "") -> None:
        super().__init__(f"{error} {detail}".strip())
        self.error = error
        self.detail = detail
