"""Feed: the claims of one lane on their way to its connections, and what became of them on the way back."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from mailbridge.deliver.client import Envelope
from mailbridge.deliver.editions import Publication, Publisher
from mailbridge.deliver.parcel import Parcel
from mailbridge.rewrite.copy import prefix
from store.queue import Claim
from store.terms import Outcome

SHARED_RECIPIENTS = 100
Settled = Callable[[Claim, Outcome], None]


class LaneFeed:
    """Connections take envelopes here, one after the other and without waiting; what comes back goes to `settled`."""

    def __init__(self, publisher: Publisher, settled: Settled) -> None:
        self._publisher = publisher
        self._settled = settled
        self._ready: deque[Parcel] = deque()
        self._unsigned: dict[Parcel, None] = {}
        self.in_flight = 0

    def __len__(self) -> int:
        """Claims that a connection could take now."""
        return len(self._ready)

    @property
    def held(self) -> int:
        """Claims that have no outcome yet, wherever they are."""
        return len(self._ready) + len(self._unsigned) + self.in_flight

    def put(self, claims: Sequence[tuple[Claim, Publication]]) -> list[Parcel]:
        """Queue claims with their publications, in order. Returns those that wait until they are `signed`."""
        parcels = [Parcel(claim, publication, self._prefix(claim, publication)) for claim, publication in claims]
        unsigned = [parcel for parcel in parcels if parcel.publication.templates]
        self._unsigned.update(dict.fromkeys(unsigned))
        self._ready.extend(parcel for parcel in parcels if not parcel.publication.templates)
        return unsigned

    def signed(self, parcel: Parcel) -> None:
        """The parcel has its signatures: it may go, unless it was withdrawn while it waited for them."""
        if parcel in self._unsigned:
            del self._unsigned[parcel]
            self._ready.append(parcel)

    def withdraw(self, post_id: int | None = None) -> list[Claim]:
        """Take back what no connection has taken yet: of one post, or all."""
        taken: list[Claim] = []
        kept: list[Parcel] = []
        for parcel in (*self._ready, *self._unsigned):
            if post_id is None or parcel.claim.post_id == post_id:
                taken.append(parcel.claim)
                self._unsigned.pop(parcel, None)
            elif parcel not in self._unsigned:
                kept.append(parcel)
        self._ready = deque(kept)
        return taken

    def take(self) -> Envelope | None:
        """The next envelope; None when there is nothing to do now."""
        if not self._ready:
            return None
        parcel = self._ready.popleft()
        claims = [parcel.claim]
        if parcel.publication.shared:
            while self._ready and len(claims) < SHARED_RECIPIENTS and self._ready[0].publication is parcel.publication:
                claims.append(self._ready.popleft().claim)
        self.in_flight += len(claims)
        return self._envelope(claims, parcel)

    def _prefix(self, claim: Claim, publication: Publication) -> bytes:
        if publication.group is None or publication.shared or claim.membership_id is None:
            return b""
        token = self._publisher.tokens.leave(claim.membership_id)
        return prefix(publication.group, leave_token=token, public_url=self._publisher.one_click_url)

    def _envelope(self, claims: list[Claim], parcel: Parcel) -> Envelope:
        edition, returns = parcel.publication.edition, parcel.publication.returns
        prefix = parcel.top + parcel.publication.seal
        return Envelope(
            mail_from=self._publisher.return_path(claims[0].id, returns) if returns else "",
            recipients=[claim.address for claim in claims],
            prefix=prefix,
            body=edition.wire,
            size=edition.size + len(prefix),
            eight_bit=edition.eight_bit,
            utf8=edition.utf8,
            token=claims,
        )

    def done(self, envelope: Envelope, outcomes: Sequence[Outcome]) -> None:
        """Called by a connection, once for every envelope it took."""
        claims: list[Claim] = envelope.token  # type: ignore[assignment]  # what _envelope put there
        self.in_flight -= len(claims)
        for claim, outcome in zip(claims, outcomes, strict=True):
            self._settled(claim, outcome)
