"""Submissions: what intake brings of a message and of each group it is for, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from store.marks import UNMARKED, Marks
from store.schema.post import Post
from store.terms import Decision, Origin, Standing


@dataclass(frozen=True, slots=True)
class NewMessage:
    """What one DATA brought: the bytes as received, the envelope, and what the headers say.

    `addressed` are the keys of the mailboxes named in To and Cc, `answers` the Message-IDs it goes on with, the newest
    last. `only_to` is the one address it is for, if it is an answer for an author alone.
    """

    raw: bytes
    public_id: str
    return_path: str = ""
    helo: str = ""
    client: str = ""
    protocol: str = "ESMTP"
    author: str = ""
    author_name: str = ""
    subject: str = ""
    header_message_id: str = ""
    authenticated: bool = False
    verdict: str = ""
    results: tuple[str, ...] = ()
    origin: Origin = Origin()  # noqa: RUF009 - frozen
    addressed: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    only_to: str | None = None


@dataclass(frozen=True, slots=True)
class Submission:
    """The message for one group, with what policy decided and saw. `fingerprint` is the repeat key, the same for all
    groups."""

    group_id: int
    standing: Standing
    decision: Decision
    fingerprint: str | None
    marks: Marks = UNMARKED


class NoRoom(Exception):  # noqa: N818 - an answer to the sender, and temporary
    """So many posts wait that these can not be held too: by group id, `author` or `group` (see `held`)."""

    def __init__(self, groups: Mapping[int, str]) -> None:
        super().__init__(groups)
        self.groups = groups


@dataclass(frozen=True, slots=True)
class Submitted:
    """The id said in the 250 (of the first time, if this is a repeat), the new posts, and the groups it repeats to."""

    public_id: str
    posts: tuple[Post, ...]
    repeats: tuple[int, ...]
