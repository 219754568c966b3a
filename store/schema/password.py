"""Password: what a device of a person signs in with to submit mail; only its hash is kept."""

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from store.schema.columns import key, moment, reference


class Password(SQLModel, table=True):
    """An app password. `address` is the person's when it was made, in the form addresses are compared by: it signs in
    as that address, and only while that is the person's.

    `selector`, its first letters, finds the row; `digest` is the argon2id hash of the whole (RFC 9106). A revoked one
    has no row any more, the audit has its end.
    """

    __table_args__ = (
        UniqueConstraint("address", "selector", name="uq_password_selector"),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, sa_column=key())
    person_id: int = Field(sa_column=reference("person.id", ondelete="CASCADE", index=True))
    address: str
    label: str  # the person's own word for where it is used
    selector: str
    digest: str
    created_at: datetime = Field(sa_column=moment())
    used_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))
