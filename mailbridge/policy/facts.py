"""What policy looks at, gathered from a message: loops, automatic mail, and who the author is to the group."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mailbridge.headers import Field
from mailbridge.policy.command import command
from mailbridge.policy.shape import Shape, first
from mailbridge.policy.spam import Verdict
from mailbridge.proof.judgement import SIGNED_IN, Proof
from store.marks import UNMARKED, Marks
from store.terms import Reason, Standing
from store.word import UNSAID, Word

Fields = Sequence[Field]


@dataclass(frozen=True, slots=True)
class Facts:
    """All that decides about one post to one group.

    `size` is octets as received; `received` counts Received fields; `loops` holds the addresses of loop marks in lower
    case; `automatic` names the mark that shows a machine wrote it, or is "". `checks` say what was found out about an
    author who is not proven, `unchecked` that an answer is missing which might have proven it. `marks` are what a
    moderated group may hold it for, whoever wrote it. `trimmable`: it is too large for what the group distributes, and
    can be made to fit by replacing attachments. `banned` is the ban that means the author, or ""; `allowed`: the group
    takes this author's posts like a member's, whom `authenticated` proves to be the author.
    """

    author: str
    authenticated: bool
    standing: Standing
    size: int
    received: int = 0
    loops: frozenset[str] = frozenset()
    automatic: str = ""
    checks: tuple[Reason, ...] = ()
    unchecked: bool = False
    marks: Marks = UNMARKED
    trimmable: bool = False
    banned: str = ""
    allowed: bool = False


def mark(shape: Shape, recipients: int, spam: Verdict) -> Marks:
    """What a message shows of itself, the same for every group; `spam` is what a front relay of ours found."""
    return Marks(
        recipients=recipients,
        command=command(shape),
        spam=spam.spam,
        score=spam.score,
        bulk=_bulk(shape.fields),
    )


def gather(
    shape: Shape,
    return_path: str,
    standing: Standing,
    proof: Proof,
    marks: Marks = UNMARKED,
    *,
    trimmable: bool = False,
    word: Word = UNSAID,
) -> Facts:
    """The facts of a well-formed message. `return_path` is "" for the null sender."""
    return Facts(
        author=str(shape.author.address),
        authenticated=proof.authenticated,
        standing=standing,
        size=shape.size,
        received=sum(field.name == b"received" for field in shape.fields),
        loops=loop_marks(shape.fields),
        automatic=automatic(shape.fields, return_path, device=proof.verdict == SIGNED_IN),
        checks=proof.checks,
        unchecked=proof.unchecked,
        marks=marks,
        trimmable=trimmable,
        banned=word.banned,
        allowed=word.allowed and proof.authenticated,
    )


def loop_marks(found: Fields) -> frozenset[str]:
    """The addresses, in lower case, of the groups that say they have carried the message."""
    return frozenset(_word(field.value) for field in found if field.name == b"x-loop")


def automatic(found: Fields, return_path: str, *, device: bool = False) -> str:
    """The name of the first mark of automatic mail (RFC 3834 and its elders), or "".

    `device`: a printer, a cron job or an app has signed in to write to the group. It is a machine and says so, as cron
    does; what answers somebody else's mail is a mark all the same.
    """
    if not return_path:
        return "null_sender"
    if device and _word(first(found, b"auto-submitted")) == "auto-generated":
        found = [field for field in found if field.name != b"auto-submitted"]
    return next((name for name, test in _MARKS if test(found)), "")


def unanswerable(found: Fields, return_path: str) -> str:
    """The name of the first mark of what must never be answered by a letter (RFC 3834 2), or "".

    More than what is automatic: what went through a list of anybody's has been written to nobody in particular.
    """
    mark = automatic(found, return_path)
    if mark:
        return mark
    return next(
        (field.name.decode("ascii", "replace") for field in found
         if field.name in _NEVER_ANSWERED or field.name.startswith(b"list-")),
        "",
    )  # fmt: skip


def _word(content: bytes) -> str:
    """The first word of a value in lower case, without parameters: how Auto-Submitted and Precedence are compared."""
    words = re.split(rb"[\s;(]", content.strip(), maxsplit=1)
    return words[0].decode("ascii", "replace").lower()


def _auto_submitted(found: Fields) -> bool:
    return _word(first(found, b"auto-submitted")) not in ("", "no")


def _precedence(found: Fields) -> bool:
    return _word(first(found, b"precedence")) in ("auto_reply", "junk")


def _bulk_answer(found: Fields) -> bool:
    # Precedence: bulk alone is also on newsletters that people forward to a group on purpose; an answer that calls
    # itself bulk and comes from no list is what old vacation programs write.
    names = {field.name for field in found}
    return _word(first(found, b"precedence")) == "bulk" and b"in-reply-to" in names and b"list-id" not in names


def _bulk(found: Fields) -> bool:
    """It went to many (RFC 3834 2: such mail is answered by nobody's machine)."""
    listed = any(field.name.startswith(b"list-") for field in found)
    return listed or _word(first(found, b"precedence")) in ("bulk", "list", "junk")


def _vendor_mark(found: Fields) -> bool:
    return any(field.name in _VENDOR_MARKS and _word(field.value) not in ("", "no", "false") for field in found)


def _delivery_report(found: Fields) -> bool:
    # Some systems send their reports with a return path, against RFC 3464 2.
    return b"report-type=delivery-status" in first(found, b"content-type").lower().replace(b'"', b"").replace(b" ", b"")


_NEVER_ANSWERED = frozenset({b"precedence", b"x-loop", b"x-no-ack"})
_VENDOR_MARKS = frozenset(
    {b"x-autoreply", b"x-autorespond", b"x-autoresponder", b"x-auto-reply-from", b"x-mail-autoreply"}
)
_MARKS: tuple[tuple[str, Callable[[Fields], bool]], ...] = (
    ("auto_submitted", _auto_submitted),
    ("precedence", _precedence),
    ("bulk_answer", _bulk_answer),
    ("autoreply", _vendor_mark),
    ("delivery_report", _delivery_report),
)
