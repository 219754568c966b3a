"""Parcel: one claim's copy on its way to a connection, and the signatures it may still lack."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from mailbridge.deliver.editions import Publication
from mailbridge.deliver.sealing import Sealing
from mailbridge.deliver.signers import Job, Signers
from store.queue import Claim


@dataclass(slots=True, eq=False)
class Parcel:
    """`top` are the header lines that stand before what all copies of the publication share."""

    claim: Claim
    publication: Publication
    top: bytes


def sign(signers: Signers, parcels: Sequence[Parcel], signed: Callable[[Sequence[Parcel]], None]) -> None:
    """Have each parcel's signatures put on its top, once its publication is sealed; `signed` gets them back in batches,
    as they are done."""
    unsealed: dict[Sealing, list[Parcel]] = {}
    ready: list[Parcel] = []
    for parcel in parcels:
        sealing = parcel.publication.sealing
        (ready if sealing is None or sealing.fields else unsealed.setdefault(sealing, [])).append(parcel)
    _sign_all(signers, ready, signed)
    for sealing, waiting in unsealed.items():
        sealing.then(signers, partial(_sign_all, signers, waiting, signed))


def _sign_all(signers: Signers, parcels: Sequence[Parcel], signed: Callable[[Sequence[Parcel]], None]) -> None:
    # Shared copies are one signature's work, and ready together they go in one transaction.
    bundles: dict[int, list[Parcel]] = {}
    for parcel in parcels:
        bundles.setdefault(id(parcel.publication if parcel.publication.shared else parcel), []).append(parcel)
    jobs = list(bundles.values())
    share = signers.share(len(jobs))
    for start in range(0, len(jobs), share):
        _sign(signers, [parcel for bundle in jobs[start : start + share] for parcel in bundle], signed)


def _sign(signers: Signers, parcels: Sequence[Parcel], signed: Callable[[Sequence[Parcel]], None]) -> None:
    jobs: dict[Job, int] = {}  # shared copies are all alike: one signature does for them
    wanted: list[list[int]] = []
    for parcel in parcels:
        own = [(each.identity.number, each.digest(parcel.top)) for each in parcel.publication.templates]
        wanted.append([jobs.setdefault(job, len(jobs)) for job in own])

    def done(signatures: Sequence[bytes]) -> None:
        for parcel, places in zip(parcels, wanted, strict=True):
            made = zip(parcel.publication.templates, places, strict=True)
            parcel.top = b"".join(each.field(signatures[place]) for each, place in made) + parcel.top
        signed(parcels)

    signers.sign(list(jobs), done)
