"""What sessions say, in one table (RFC 5321 4.2, RFC 3463).

These are protocol texts for mail systems, in ASCII and English as SMTP wants them (RFC 5321 4.2); people see them only
inside a bounce. What people are told by us comes from the catalogue, by the reasons of the decision.
"""

from __future__ import annotations

from store.sizes import show
from store.terms import Address, GroupPolicy, Posting, Reply

# ---------------------------------------------------------------- about us: always temporary

TROUBLE = Reply(451, "4.3.0", "A fault on our side; please try again")
FULL = Reply(452, "4.3.1", "Not enough storage; please try again later")
CROWDED = Reply(452, "4.3.1", "Too much mail is arriving at once; please try again later")
UNSETTLED = Reply(451, "4.3.0", "The copy this is about is still being accounted for; please try again")
BUSY = Reply(421, "4.7.0", "Too many connections; please try again later")
CLOSING = Reply(421, "4.3.2", "Going down; please try again later")
LATE = Reply(421, "4.4.2", "Timed out waiting for you; closing")
WEARY = Reply(421, "4.7.0", "Too many errors or idle commands; closing")
ENOUGH = Reply(421, "4.3.2", "This session has lasted long enough; please connect again")

UNCHECKED = Reply(451, "4.4.3", "The author's domain cannot be looked up just now (DNS); please try again later")

# ---------------------------------------------------------------- about who signs in (RFC 4954 4 and 6)

SIGNED_IN = Reply(235, "2.7.0", "You are signed in")
# One reply for an unknown name, a wrong password, a revoked one and somebody who has gone.
SIGN_IN_REFUSED = Reply(535, "5.7.8", "Name or password is wrong; sign in with your address and an app password")
SIGN_IN_LATER = Reply(454, "4.7.0", "Too many tries to sign in; please try again later")
SIGN_IN_TROUBLE = Reply(454, "4.7.0", "A fault on our side; please try to sign in again")
SIGN_IN_CANCELLED = Reply(501, "5.7.0", "Signing in was cancelled")
SIGN_IN_MALFORMED = Reply(501, "5.5.2", "That response cannot be read; it stands in base64")
SIGN_IN_TOO_LONG = Reply(500, "5.5.6", "That response is too long")
UNKNOWN_MECHANISM = Reply(504, "5.5.4", "Sign in by PLAIN or LOGIN")
SIGN_IN_FIRST = Reply(530, "5.7.0", "Sign in first (AUTH)")
TLS_FIRST = Reply(530, "5.7.0", "Begin with STARTTLS, then sign in (AUTH)")
NEEDS_TLS = Reply(538, "5.7.11", "Passwords are taken within TLS only; begin with STARTTLS")
SIGNED_IN_ALREADY = Reply(503, "5.5.1", "You are signed in already")
SIGN_IN_OVER = Reply(550, "5.7.1", "Your sign-in has ended: the app password was revoked, or its address changed")

# ---------------------------------------------------------------- about what a message is

STRAY = Reply(554, "5.6.0", "The message holds a bare CR, a bare LF or a NUL; lines must end with CRLF")
TOO_BIG = Reply(552, "5.3.4", "The message is larger than this server takes")
HEADER_TOO_BIG = Reply(552, "5.3.4", "The header is larger than 256 KiB or has more than 1,000 fields")
LINE_TOO_LONG = Reply(552, "5.3.4", "The message has a line longer than 1 MiB")
NO_FROM = Reply(550, "5.6.0", "The message must have one From field with one address")
NO_BLANK_LINE = Reply(550, "5.6.0", "The header holds a line that is no field, or no blank line ends it")
LOOP = Reply(554, "5.4.6", "Mail loop: this message has already been through this address")
TOO_MANY_HOPS = Reply(554, "5.4.6", "Mail loop: more than 30 Received fields")

# ---------------------------------------------------------------- about addresses

UNKNOWN = Reply(550, "5.1.1", "No such address here")
NO_RELAY = Reply(550, "5.7.1", "Relaying denied: not a domain of ours")
TOO_MANY_RECIPIENTS = Reply(452, "4.5.3", "Too many recipients; deliver the rest in another transaction")
ALONE = Reply(452, "4.5.3", "This address wants a transaction of its own; deliver it again")
NOT_NULL = Reply(550, "5.7.1", "A bounce or an automatic reply can neither join nor leave a group, nor ask about it")
ENOUGH_LETTERS = Reply(450, "4.7.1", "Too many letters have been asked for; please try again later")


def repeated(field: str) -> Reply:
    """More than one field of a name that may stand once: readers disagree which counts."""
    return Reply(550, "5.6.0", f"The message must not have more than one {field} field")


def oversize(group: GroupPolicy, limit: int) -> Reply:
    """Above `limit` bytes of attachments, the group's own measure (DESIGN §4)."""
    return Reply(552, "5.3.4", f"{group.address} takes messages with up to about {show(limit)} of attachments")


def not_permitted(group: GroupPolicy, owner: str) -> Reply:
    """The posting policy refuses this author (RFC 3463 X.7.2: list expansion prohibited)."""
    who = {Posting.MEMBERS: "proven members", Posting.ADMINISTRATORS: "its administrators and moderators"}
    hint = f"; questions to {owner}" if owner else ""
    return Reply(550, "5.7.2", f"Only {who.get(group.posting, 'some people')} may post to {group.address}{hint}")


def banned(group: GroupPolicy, owner: str) -> Reply:
    """The group's people have banned this author (RFC 3463 X.7.1). By which pattern is their business."""
    hint = f"; questions to {owner}" if owner else ""
    return Reply(550, "5.7.1", f"{group.address} takes no mail from this author{hint}")


def no_room(group: GroupPolicy, whose: str) -> Reply:
    """So many posts wait for a moderator that no more are kept: of this `author`, or in the whole `group`."""
    if whose == "author":
        return Reply(
            451, "4.7.1", f"Too many messages of this author to {group.address} wait for a moderator; try again later"
        )
    return Reply(452, "4.3.1", f"Too many messages to {group.address} wait for a moderator; please try again later")


def not_yours(field: str, address: str) -> Reply:
    """Who has signed in as `address` may give no other one as return path, From or Sender."""
    return Reply(550, "5.7.1", f"{field} must be {address}, the address that you have signed in with")


def archived(group: GroupPolicy) -> Reply:
    """The mailbox is disabled (RFC 3463 X.2.1): the group is kept to be read, and takes nothing."""
    return Reply(550, "5.2.1", f"{group.address} is archived and takes no more mail")


def use_the_link(group: GroupPolicy) -> Reply:
    """A bare leave address refuses, in the same words, whoever is not a proven member."""
    return Reply(
        550, "5.7.1", f"To leave {group.address}, use the unsubscribe link that came with each of its messages"
    )


def closed(group: GroupPolicy, owner: Address) -> Reply:
    """A closed group takes no requests; the same for everybody, in the session, so that nobody is written to."""
    return Reply(550, "5.7.1", f"{group.address} is closed: only its administrators add people; ask them at {owner}")


def nothing_to_confirm(group: GroupPolicy, join: Address) -> Reply:
    """The same for a forged token, an old one, a used one, and one whose group has changed its mind."""
    return Reply(
        550, "5.7.1", f"No request to join {group.address} waits for this confirmation: it is used, expired or cut off"
        f"; to ask again write to {join}",
    )  # fmt: skip


def unproven_question(group: GroupPolicy, owner: Address) -> Reply:
    """Help is a letter, and a letter to an author who may be forged is backscatter."""
    return Reply(
        550, "5.7.1", f"Help about {group.address} is mailed only where the author is proven (DKIM or SPF of the From "
        f"domain); its people are at {owner}",
    )  # fmt: skip


def asked(public_id: str) -> Reply:
    """A wish to join: the same whoever wrote it, in the group or not, the first time or the thousandth."""
    return Reply(
        250, "2.0.0", f"Ok: {public_id}; what to do next is mailed to the address in From, at most once a day",
    )  # fmt: skip


def taken(public_id: str) -> Reply:
    """The message is ours now. The id is what its report, its Received field and our log call it."""
    return Reply(250, "2.0.0", f"Ok: {public_id}")
