"""The one-click page as the world reaches it (RFC 8058 3.1): https, no redirect, a page for GET, an act for POST."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mailbridge.pages import FORMS
from store.findings import Finding

# What the page of a link has that nobody else's has: the form that acts.
_FIELD, _VALUE = FORMS["leave"]
_MARK: Final = f'<form method="post"><input type="hidden" name="{_FIELD}" value="{_VALUE}">'
CERTIFICATE: Final = {"expired": "web_expired", "early": "web_expired", "name": "web_name", "chain": "web_chain"}


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer: its status, where it sends elsewhere, the beginning of its body."""

    status: int
    location: str = ""
    body: str = ""


def judge(url: str, got: Answer, posted: Answer | None) -> list[Finding]:
    """`got` is the answer to GET of a link that is nobody's, `posted` to its one-click POST, if that was tried."""
    for answer in (got, posted):
        if answer is not None and 300 <= answer.status < 400:
            return [Finding("web_redirects", url, {"code": str(answer.status), "location": answer.location[:200]})]
    if got.status != 200 or _MARK not in got.body:
        return [Finding("web_other", url, {"code": str(got.status)})]
    # A page that acts on GET would not show its button any more; one that does not act on POST shows it again.
    if posted is not None and (posted.status != 200 or _MARK in posted.body):
        return [Finding("web_post", url, {"code": str(posted.status)})]
    return [Finding("web_ok", url)]
