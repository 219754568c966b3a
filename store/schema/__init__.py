"""SQLModel tables, one aggregate a file, no behaviour. Importing this package registers every table."""

from store.schema import (
    audit,
    bounce,
    chore,
    delivery,
    group,
    incident,
    lane,
    letter,
    membership,
    message,
    notice,
    person,
    post,
    request,
    suppression,
    worker,
)

__all__ = [
    "audit",
    "bounce",
    "chore",
    "delivery",
    "group",
    "incident",
    "lane",
    "letter",
    "membership",
    "message",
    "notice",
    "person",
    "post",
    "request",
    "suppression",
    "worker",
]
