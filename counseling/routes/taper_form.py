"""The form of a taper: one order with a table of steps. Days and doses are typed; nothing is computed from them."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask_babel import lazy_gettext
from wtforms import Form
from wtforms.validators import InputRequired, Length

from counseling.domain.orders import MOST_STEPS
from counseling.queries.orders import OrderFacts
from counseling.refs import new_request_key
from counseling.routes.order_form import BAD_AMOUNTS, DayField, DoseField, SignedForm, first_day_proposed

SHOWN_STEPS = 4


class StepDay(DayField):
    """The first day of a step; an empty one belongs to a step that is not used."""

    def post_validate(self, form: Form, validation_stopped: bool) -> None:
        self.day = None
        if (self.data or "").strip():
            super().post_validate(form, validation_stopped)


class TaperForm(SignedForm):
    ends_on = DayField(
        lazy_gettext("Bậc cuối đến hết ngày"), [InputRequired(lazy_gettext("Nhập ngày cuối")), Length(max=40)]
    )

    @property
    def step_fields(self) -> list[tuple[Any, Any]]:
        """The fields of each step: its first day and its dose."""
        return [(self[f"step_{n}_on"], self[f"step_{n}_mg"]) for n in range(1, MOST_STEPS + 1)]

    @property
    def more_are_used(self) -> bool:
        return any(field.data or field.errors for pair in self.step_fields[SHOWN_STEPS:] for field in pair)

    @property
    def steps(self) -> list[tuple[date, int]]:
        return [(day.day, mg.tenths) for day, mg in self.step_fields if day.day is not None and mg.tenths is not None]

    def field_of(self, step: int, kind: str) -> str:
        """The name of the field that the n-th used step was typed into; lines between may be empty."""
        used = [n for n, (day, _) in enumerate(self.step_fields, start=1) if day.day is not None]
        return f"step_{used[step - 1]}_{kind}"

    def validate(self, extra_validators: Any = None) -> bool:
        """A step is a day and a dose; the first of them is always needed."""
        sound: bool = super().validate(extra_validators)
        for number, (day, mg) in enumerate(self.step_fields, start=1):
            has_day, has_mg = bool((day.data or "").strip()), bool((mg.data or "").strip())
            if has_day and not has_mg:
                mg.errors, sound = [str(BAD_AMOUNTS["empty"])], False
            elif not has_day and (has_mg or number == 1):
                day.errors, sound = [str(lazy_gettext("Nhập ngày bắt đầu"))], False
        return sound


# Fields of a table are made in a loop: WTForms collects them from the class's attributes.
for _n in range(1, MOST_STEPS + 1):
    setattr(TaperForm, f"step_{_n}_on", StepDay(lazy_gettext("Bậc %(number)s: từ ngày", number=_n), [Length(max=40)]))
    setattr(
        TaperForm, f"step_{_n}_mg", DoseField(lazy_gettext("Bậc %(number)s: mg mỗi ngày", number=_n), [Length(max=40)])
    )


def empty_taper_form(facts: OrderFacts, today: date) -> TaperForm:
    """A new form: the first day is proposed, no other day and no dose."""
    return TaperForm(
        step_1_on=first_day_proposed(facts, today).strftime("%d/%m/%Y"),
        latest=str(facts.latest_id),
        request_key=new_request_key(),
    )
