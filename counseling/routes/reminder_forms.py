"""Forms of reminders: what a site sets of a rule, and what one person chooses."""

from __future__ import annotations

import re
from typing import Any

from flask import get_template_attribute
from flask_babel import gettext, lazy_gettext
from wtforms import BooleanField, Form, HiddenField, IntegerField, RadioField, SelectField, SelectMultipleField
from wtforms.validators import InputRequired, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from counseling.domain.opening_hours import parse_day, write_day
from counseling.domain.refusal import Refusal
from counseling.domain.reminder_kinds import SECOND_TEXT
from counseling.domain.reminder_limits import FIGURES
from counseling.domain.station_days import Hours
from counseling.domain.text_choices import FIRST_HOUR, LAST_HOUR, Choices, OwnHours
from counseling.queries.reminder_rules import RuleRow
from counseling.routes.house_form import HouseForm
from counseling.routes.patients.agreement_forms import PRONOUN_WORDS
from counseling.routes.typed_fields import ReadField, stripped
from counseling.services.rule_changes import NewRule
from counseling.services.sms_consents import PRONOUNS
from counseling.sms.wording_marks import PRETEXTS

WORDS = "pages/reminders/_words.html"
A_FIGURE = InputRequired(lazy_gettext("Ghi một số"))
_WHOLE = re.compile(r"[0-9]{1,3}")


class SpanField(ReadField):
    """One span of a day as people write it, "7:00-9:30"; `.read` is Hours."""

    def __init__(self, label: object, *args: Any, **kwargs: Any) -> None:
        super().__init__(label, parse_day, *args, **kwargs)

    def post_validate(self, form: Form, validation_stopped: bool) -> None:
        self.read = None
        if not self.data or validation_stopped:
            return
        try:
            spans = parse_day(self.data)
        except Refusal as refusal:
            raise ValidationError(sentence(refusal)) from None
        if len(spans) != 1:
            raise ValidationError(gettext("Ghi một khoảng giờ, như 07:00–09:00"))
        self.read = spans[0]


class FigureField(IntegerField):  # type: ignore[misc]  # WTForms has no types
    """A whole number as typed: ASCII digits, and the text stays where it is none."""

    def process_formdata(self, valuelist: list[str]) -> None:
        self.data = None
        typed = stripped(valuelist[0]) if valuelist else ""
        if typed and not _WHOLE.fullmatch(typed):
            raise ValueError(gettext("Ghi một số"))
        self.data = int(typed) if typed else None


class RuleForm(HouseForm):
    """`shown`: the values of which the page has already shown what they send; only those are saved."""

    is_on = BooleanField(lazy_gettext("Gửi loại tin này"))
    hours = SpanField(lazy_gettext("Giờ gửi"), [InputRequired(lazy_gettext("Ghi giờ, như 07:00–09:00"))])
    silence_days = FigureField(lazy_gettext("Sau mấy ngày không trả lời thì hỏi lần hai"), [A_FIGURE])
    unseen_days = FigureField(lazy_gettext("Mấy ngày không ai thấy thì giao việc đi hỏi thăm"), [A_FIGURE])
    most_open_tasks = FigureField(lazy_gettext("Mỗi người giữ nhiều nhất mấy việc"), [A_FIGURE])
    seen = HiddenField()
    shown = HiddenField()

    def of_kind(self, kind: str) -> RuleForm:
        """Without the figures where the kind has none."""
        if kind != SECOND_TEXT:
            for name in FIGURES:
                del self[name]
        return self

    @property
    def version_seen(self) -> int:
        """The version that stood on the page; what is no number agrees with none."""
        text = self.seen.data or ""
        return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else -1

    def new_rule(self) -> NewRule:
        span: Hours = self.hours.read
        figures = {name: self[name].data for name in FIGURES if name in self}
        return NewRule(is_on=self.is_on.data, not_before=span.opens_at, not_after=span.closes_at, **figures)

    def code(self) -> str:
        """The values in one line, as `shown` carries them."""
        return " ".join(str(value) for value in self.new_rule().values().values())


def rule_form(rule: RuleRow) -> RuleForm:
    """The form with what stands now."""
    form = RuleForm(
        is_on=rule.is_on,
        hours=write_day([Hours(rule.not_before, rule.not_after)]),
        silence_days=rule.silence_days,
        unseen_days=rule.unseen_days,
        most_open_tasks=rule.most_open_tasks,
        seen=str(rule.version),
    )
    return form.of_kind(rule.kind)


class ChoicesForm(HouseForm):
    """`kinds`: those that the person wants; what is left out is declined."""

    kinds = SelectMultipleField(
        lazy_gettext("Muốn nhận"), option_widget=CheckboxInput(), widget=ListWidget(prefix_label=False)
    )
    calls_only = BooleanField(lazy_gettext("Chỉ gọi điện, không nhắn tin nào"))
    pretext = RadioField(lazy_gettext("Tin bắt đầu bằng"), choices=[(key, both[1]) for key, both in PRETEXTS.items()])
    has_marks = RadioField(
        lazy_gettext("Chữ trong tin"),
        choices=[("", lazy_gettext("Không dấu")), ("y", lazy_gettext("Có dấu"))],
        default="",
    )
    pronoun = SelectField(lazy_gettext("Tin gọi người này là"))
    hour = SelectField(lazy_gettext("Muốn nhận lúc"))
    quiet = SpanField(lazy_gettext("Giờ không muốn nhận tin"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.pronoun.choices = [
            ("", gettext("Như khi đồng ý nhận tin")), *((word, PRONOUN_WORDS[word]) for word in PRONOUNS)
        ]  # fmt: skip
        hours = range(FIRST_HOUR, LAST_HOUR + 1)
        self.hour.choices = [
            ("", gettext("Giờ nào cũng được")),
            *((str(hour), f"{hour}h–{hour + 1}h") for hour in hours),
        ]

    def of_side(self, kinds: list[tuple[str, str]]) -> ChoicesForm:
        """The kinds of a side by name. A province may write how somebody is addressed into any text of either side."""
        self.kinds.choices = kinds
        return self

    def choices(self) -> Choices:
        quiet: Hours | None = self.quiet.read
        wanted = set(self.kinds.data or ())
        return Choices(
            hours=OwnHours(
                int(self.hour.data) if self.hour.data else None,
                quiet.opens_at if quiet else None,
                quiet.closes_at if quiet else None,
            ),
            pronoun=self.pronoun.data or None,
            pretext=self.pretext.data,
            has_marks=self.has_marks.data == "y",
            calls_only=self.calls_only.data,
            declined=frozenset(kind for kind, _ in self.kinds.choices if kind not in wanted),
        )


def as_typed(choices: Choices, kinds: tuple[str, ...]) -> dict[str, Any]:
    """What the form shows for what was chosen."""
    hours = choices.hours
    quiet = [Hours(hours.quiet_from, hours.quiet_until)] if hours.quiet_from and hours.quiet_until else []
    return {
        "kinds": [kind for kind in kinds if kind not in choices.declined],
        "calls_only": choices.calls_only,
        "pretext": choices.pretext,
        "has_marks": "y" if choices.has_marks else "",
        "pronoun": choices.pronoun or "",
        "hour": "" if hours.hour is None else str(hours.hour),
        "quiet": write_day(quiet),
    }


def sentence(refusal: Refusal) -> str:
    return str(get_template_attribute(WORDS, "sentence")(refusal.code, refusal.facts)).strip()
