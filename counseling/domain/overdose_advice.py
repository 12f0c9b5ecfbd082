"""When somebody is told how to stay alive: at every re-start, and whenever they leave without a dose that was stopped.

Tolerance falls within days without the drug; what was usual before can then stop the breath, above all together with
alcohol or sleeping pills and where nobody is near. Sources: WHO, Guidelines for the psychosocially assisted
pharmacological treatment of opioid dependence (2009): the first days of treatment carry the highest risk, and missed
days call for a new assessment; WHO, Community management of opioid overdose (2014): whoever has stopped or lowered
their use, or mixes, is at risk, and those around them should know the signs and have naloxone. The words are the
template's; the rule proposes no dose.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from enum import StrEnum

from counseling.domain.missed_doses import GapBand, band_for


class Advised(StrEnum):
    """Why it is said; the first that fits."""

    GAP = "gap"
    FIRST_DOSE = "first_dose"
    AFTER_HOLD = "after_hold"
    NO_DOSE = "no_dose"


def at_the_dose(
    *,
    gap: int | None,
    bands: Sequence[GapBand],
    is_first_of_induction: bool,
    last_dose_at: datetime | None,
    holds_lifted_at: Collection[datetime],
    is_stopped: bool = False,
) -> Advised | None:
    """Why the next dose of somebody is a re-start; None: a dose like yesterday's. Of a stop only the gap is told here.

    `gap` counts every day without a known dose, also those that a doctor had in view when writing the new order: the
    order is safe again, the street is not. None is somebody who was never known to be dosed.
    """
    band = band_for(gap, bands)
    if band is not None and band.response.stops:
        return Advised.GAP
    if is_stopped:
        return None
    if gap is None or is_first_of_induction:
        return Advised.FIRST_DOSE
    if any(last_dose_at is None or lifted_at > last_dose_at for lifted_at in holds_lifted_at):
        return Advised.AFTER_HOLD
    return None


def on_leaving(outcome: str, at_the_dose: Advised | None) -> Advised | None:
    """Why it is said to somebody who goes home without the dose that they came for.

    Stopped by a rule, or showing signs of something else: they leave in want of it. Who refuses is free to, and is told
    where today would have been a re-start; who vomited has drunk it.
    """
    if outcome == "vomited":
        return None
    if at_the_dose is Advised.GAP:
        return Advised.GAP
    return Advised.NO_DOSE if at_the_dose or outcome in ("stopped", "withheld") else None
