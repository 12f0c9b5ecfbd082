"""When a set of bands may stand, and whether it is looser than another. A set is the whole answer to every gap."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from counseling.domain.missed_doses import SHIPPED_BANDS, GapBand, GapResponse, band_for
from counseling.domain.refusal import Refusal

# After more than five missed days the order has ended (practice of five clinics in Hải Phòng, PMC5577787; Australia:
# new induction at 5). Nobody, and no two people, may turn that into a dose without a doctor.
NO_DOSE_WITHOUT_A_DOCTOR_FROM = 6
# Up to here two sets are compared day by day; typed days go no further, so that nothing beyond can differ.
LONGEST_GAP_COMPARED = 400


@dataclass(frozen=True)
class Comparison:
    """The gaps at which one set answers more strictly, or more loosely, than another; empty: nowhere."""

    stricter: tuple[int, ...]
    looser: tuple[int, ...]

    @property
    def is_looser(self) -> bool:
        return bool(self.looser)


def bands_from_starts(starts: Mapping[GapResponse, int | None], source: str) -> tuple[GapBand, ...]:
    """The set in which each response begins with so many missed days and reaches to the next; None: not used.

    Days before the first one named are answered by "dose as ordered". Refuses band_starts_before_previous.
    """
    named = [(response, starts[response]) for response in GapResponse if starts.get(response) is not None]
    steps = [(response, day) for response, day in named if day is not None]
    if not steps or steps[0][1] > 1:
        steps.insert(0, (GapResponse.DOSE, 1))
    bands = []
    for (response, first), following in zip(steps, [*steps[1:], None], strict=True):
        if following is not None and following[1] <= first:
            raise Refusal("band_starts_before_previous", response=following[0], days=following[1], previous=first)
        bands.append(GapBand(first, following[1] - 1 if following else None, response, source))
    return tuple(bands)


def ensure_whole(bands: Sequence[GapBand]) -> None:
    """Refuse a set that may not stand. `response` in the facts is the row that the refusal is about.

    Codes: bands_empty, bands_not_from_one, bands_hole, bands_overlap, bands_end_early, bands_weaken,
    bands_dose_after_end.
    """
    if not bands:
        raise Refusal("bands_empty")
    ordered = sorted(bands, key=lambda band: band.from_days)
    if ordered[0].from_days != 1:
        raise Refusal("bands_not_from_one", response=ordered[0].response)
    for band, following in pairwise(ordered):
        _ensure_follows(band, following)
    if ordered[-1].to_days is not None:
        raise Refusal("bands_end_early", response=ordered[-1].response, days=ordered[-1].to_days)
    late = band_for(NO_DOSE_WITHOUT_A_DOCTOR_FROM, ordered)
    if late is None or not late.response.stops:  # responses never weaken, so every longer gap stops too
        response = next((band.response for band in ordered if band.response.stops), GapResponse.END)
        raise Refusal("bands_dose_after_end", response=response, days=NO_DOSE_WITHOUT_A_DOCTOR_FROM)


def _ensure_follows(band: GapBand, following: GapBand) -> None:
    if band.to_days is None or following.from_days <= band.to_days:
        raise Refusal("bands_overlap", response=following.response, days=following.from_days)
    if following.from_days > band.to_days + 1:
        raise Refusal("bands_hole", response=following.response, days=band.to_days + 1)
    if following.response.strictness < band.response.strictness:
        raise Refusal("bands_weaken", response=following.response, days=following.from_days)


def compare(bands: Sequence[GapBand], other: Sequence[GapBand] = SHIPPED_BANDS) -> Comparison:
    """Where `bands` answer otherwise than `other`, over no gap, nobody dosed yet, and every gap that is compared.

    A gap that neither speaks of is answered alike; nothing (dose as ordered, no check) is the loosest answer of all.
    """
    stricter, looser = [], []
    for gap in (None, *range(LONGEST_GAP_COMPARED + 1)):
        here, there = _strictness(gap, bands), _strictness(gap, other)
        if here > there:
            stricter.append(gap or 0)
        elif here < there:
            looser.append(gap or 0)
    return Comparison(tuple(stricter), tuple(looser))


def keep_known_sources(bands: Sequence[GapBand], known: Sequence[GapBand]) -> tuple[GapBand, ...]:
    """A row that stands as it stood keeps the source that it had; only what was changed takes the new one."""
    sources = {(band.from_days, band.to_days, band.response): band.source for band in known}
    return tuple(
        replace(band, source=sources.get((band.from_days, band.to_days, band.response), band.source)) for band in bands
    )


def _strictness(gap: int | None, bands: Sequence[GapBand]) -> int:
    band = band_for(gap, bands)
    return -1 if band is None else band.response.strictness
