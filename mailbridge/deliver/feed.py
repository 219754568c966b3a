"""Feed: the claims of one lane on their way to its connections, and what became of them on the way back."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from mailbridge.deliver.client import Envelope
from mailbridge.deliver.editions import Publication, Publisher
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
        self._ready: deque[tuple[Claim, Publication]] = deque()
        self.in_flight = 0

    def __len__(self) -> int:
        """Claims that no connection has taken yet."""
        return len(self._ready)

    def put(self, claims: Sequence[tuple[Claim, Publication]]) -> None:
        """Queue claims with their publications, in order."""
        self._ready.extend(claims)

    def withdraw(self, post_id: int | None = None) -> list[Claim]:
        """Take back what no connection has taken yet: of one post, or all."""
        taken = [claim for claim, _ in self._ready if post_id is None or claim.post_id == post_id]
        kept = [(claim, publication) for claim, publication in self._ready if claim not in taken] if taken else None
        if kept is not None:
            self._ready = deque(kept)
        return taken

    def take(self) -> Envelope | None:
        """The next envelope; None when there is nothing to do now."""
        if not self._ready:
            return None
        claim, publication = self._ready.popleft()
        claims = [claim]
        if publication.shared:
            while self._ready and len(claims) < SHARED_RECIPIENTS and self._ready[0][1] is publication:
                claims.append(self._ready.popleft()[0])
        self.in_flight += len(claims)
        return self._envelope(claims, publication)

    def _envelope(self, claims: list[Claim], publication: Publication) -> Envelope:
        group, edition, first = publication.group, publication.edition, claims[0]
        head, return_path = b"", ""
        if publication.returns:
            return_path = self._publisher.return_path(first.id, publication.returns)
        if group is not None and not publication.shared and first.membership_id is not None:
            token = self._publisher.tokens.leave(first.membership_id)
            head = prefix(group, leave_token=token, public_url=self._publisher.one_click_url)
        return Envelope(
            mail_from=return_path,
            recipients=[claim.address for claim in claims],
            prefix=head,
            body=edition.wire,
            size=edition.size + len(head),
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
