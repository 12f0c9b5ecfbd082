"""Doses and volumes as exact whole numbers: mg in tenths, ml in hundredths. Nothing here is a float."""

import re

from counseling.domain.refusal import Refusal

# ASCII digits on purpose: \d would accept ６０ and ٦٠. Four digits before the mark are a bound against typing errors.
_TYPED_MG = re.compile(r"([0-9]{1,4})(?:[.,]([0-9]+))?")


class BadAmount(ValueError):  # noqa: N818 - named like Refusal: what was typed is bad, the program is not
    """A typed or computed amount that cannot be used; `code` chooses the sentence in a template.

    Codes: empty, not_a_number (also more than 4 digits before the mark), too_many_decimals, zero, not_measurable.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def parse_mg(text: str) -> int:
    """Read mg as typed into a form ("60", "60,5", "60.5") and return tenths of mg, always above zero.

    There is no thousands mark: "1.000" has too many decimals, it is never read as one or as a thousand.
    """
    typed = text.strip()
    if not typed:
        raise BadAmount("empty")
    match = _TYPED_MG.fullmatch(typed)
    if match is None:
        raise BadAmount("not_a_number")
    whole, decimals = match.group(1), match.group(2) or "0"
    if len(decimals) > 1:
        raise BadAmount("too_many_decimals")
    tenths = int(whole) * 10 + int(decimals)
    if tenths == 0:
        raise BadAmount("zero")
    return tenths


def format_mg(tenths: int, *, decimal_mark: str = ",") -> str:
    """Write tenths of mg: 600 → "60", 605 → "60,5"."""
    whole, rest = divmod(abs(tenths), 10)
    return _sign(tenths) + (f"{whole}{decimal_mark}{rest}" if rest else str(whole))


def ml_hundredths(mg_tenths: int, strength_tenth_mg_per_ml: int) -> int:
    """Compute the exact volume in hundredths of ml; strength 100 is the 10 mg/ml solution, so 60,5 mg → 605.

    Raises BadAmount("not_measurable") where the volume is no whole number of hundredths: a dose is never rounded.
    """
    if strength_tenth_mg_per_ml <= 0:
        raise ValueError("a solution has a strength above zero")
    hundredths, rest = divmod(mg_tenths * 100, strength_tenth_mg_per_ml)
    if rest:
        raise BadAmount("not_measurable")
    return hundredths


def format_ml(hundredths: int, *, decimal_mark: str = ",") -> str:
    """Write hundredths of ml with at least one decimal: 600 → "6,0", 605 → "6,05"."""
    whole, rest = divmod(abs(hundredths), 100)
    decimals = f"{rest:02d}".removesuffix("0")
    return f"{_sign(hundredths)}{whole}{decimal_mark}{decimals}"


def ensure_pourable(ml_hundredths: int, step_hundredths: int | None) -> None:
    """Refuse a volume that the station's measure cannot pour exactly; None means that no step is set there."""
    if step_hundredths is None:
        return
    if step_hundredths <= 0:
        raise ValueError("a measure has a step above zero")
    if ml_hundredths % step_hundredths:
        raise Refusal("not_pourable", ml_hundredths=ml_hundredths, step_hundredths=step_hundredths)


def _sign(amount: int) -> str:
    return "-" if amount < 0 else ""
