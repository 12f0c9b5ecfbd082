"""Forms of what somebody agrees to; the words that are read aloud stand in a template with their version."""

from __future__ import annotations

from typing import Any

from flask import get_template_attribute
from flask_babel import gettext, lazy_gettext
from wtforms import (
    BooleanField,
    HiddenField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length, Optional, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from counseling.domain.being_visited import PLACES, PRETEXTS
from counseling.domain.text_purposes import HOWS, PURPOSES
from counseling.queries.agreements import TeamChoice
from counseling.routes.house_form import HouseForm
from counseling.routes.typed_fields import LANGUAGES, stripped
from counseling.services.sms_consents import PRONOUNS, Asked
from counseling.services.visit_consents import VisitTerms

WORDS_ALOUD = "pages/patients/_consent_words.html"
# As texts write them: without marks, in plain letters.
PRONOUN_WORDS = {
    "anh/chi": lazy_gettext("anh/chị"),
    "anh": lazy_gettext("anh"),
    "chi": lazy_gettext("chị"),
    "co": lazy_gettext("cô"),
    "chu": lazy_gettext("chú"),
    "bac": lazy_gettext("bác"),
    "em": lazy_gettext("em"),
    "ban": lazy_gettext("bạn"),
}
PURPOSE_WORDS = {
    "daily": lazy_gettext("Nhắc việc hằng ngày"),
    "missed": lazy_gettext("Hỏi lại khi hôm trước chưa đến"),
    "appointment": lazy_gettext("Nhắc trước lịch hẹn"),
    "check_in": lazy_gettext("Hỏi thăm đều đặn"),
}
HOW_WORDS = {
    "aloud": lazy_gettext("Đọc to cho người này nghe"),
    "alone": lazy_gettext("Người này tự đọc"),
    "interpreted": lazy_gettext("Qua người phiên dịch"),
}
PLACE_WORDS = {
    "home": lazy_gettext("Ở nhà"),
    "point": lazy_gettext("Ở điểm tư vấn"),
    "elsewhere": lazy_gettext("Chỗ khác, hẹn trước"),
}
PRETEXT_WORDS = {
    "acquaintance": lazy_gettext("Người quen ghé chơi"),
    "commune_visit": lazy_gettext("Cán bộ xã đi thăm bà con"),
    "club": lazy_gettext("Rủ đi sinh hoạt câu lạc bộ"),
}
AGREES = [InputRequired(lazy_gettext("Đọc to lời hỏi, người này đồng ý rồi mới đánh dấu"))]


def version_of(words: str) -> str:
    """The version of the words that are read aloud now: "texts" or "visits"."""
    return str(get_template_attribute(WORDS_ALOUD, "VERSIONS")[words])


class ConsentForm(HouseForm):
    """`version`: of the words that were on the page. What was changed since then has been read to nobody."""

    words = ""
    version = HiddenField()
    agreed = BooleanField(lazy_gettext("Đã đọc to lời hỏi, người này đồng ý"), AGREES)
    request_key = HiddenField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self:  # two of these forms stand on one page
            field.id = f"{self.words}-{field.name}"

    def validate_agreed(self, field: BooleanField) -> None:
        if self.version.data != version_of(self.words):
            field.data, self.version.data = False, version_of(self.words)
            raise ValidationError(gettext("Lời hỏi vừa được sửa: đọc lại cho người này nghe rồi ghi"))


class TextsForm(ConsentForm):
    words = "texts"
    purposes = SelectMultipleField(
        lazy_gettext("Người này đồng ý với"),
        [InputRequired(lazy_gettext("Đánh dấu từng điều mà người này đồng ý"))],
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )
    how = RadioField(
        lazy_gettext("Đã hỏi thế nào"),
        [InputRequired(lazy_gettext("Chọn một cách hỏi"))],
        choices=[(how, HOW_WORDS[how]) for how in HOWS],
    )
    language = SelectField(lazy_gettext("Đã hỏi bằng"), choices=LANGUAGES, default="vi")
    pronoun = RadioField(
        lazy_gettext("Tin nhắn gọi người này là"),
        choices=[(word, PRONOUN_WORDS[word]) for word in PRONOUNS],
        default=PRONOUNS[0],
    )

    def asked(self) -> Asked:
        return Asked(
            version=self.version.data,
            language=self.language.data,
            purposes=frozenset(self.purposes.data),
            how=self.how.data,
            pronoun=self.pronoun.data,
        )

    def offer(self, side: str) -> TextsForm:
        """The form with what is asked for on this side; nothing is ticked before somebody said yes to it."""
        self.purposes.choices = [(purpose, PURPOSE_WORDS[purpose]) for purpose in PURPOSES[side]]
        return self


class VisitsForm(ConsentForm):
    words = "visits"
    team_id = SelectField(lazy_gettext("Đội nào"), [InputRequired(lazy_gettext("Chọn đội"))])
    community_name = StringField(
        lazy_gettext("Tên mà đội sẽ gọi"),
        [
            InputRequired(lazy_gettext("Ghi tên mà người này chọn")),
            Length(max=120, message=lazy_gettext("Ghi tối đa 120 ký tự")),
        ],
        filters=[stripped],
    )
    hamlet = StringField(
        lazy_gettext("Thôn, khu phố"),
        [Optional(), Length(max=120, message=lazy_gettext("Ghi tối đa 120 ký tự"))],
        filters=[stripped],
    )
    place = RadioField(
        lazy_gettext("Gặp ở đâu"),
        [InputRequired(lazy_gettext("Chọn chỗ gặp"))],
        choices=[(place, PLACE_WORDS[place]) for place in PLACES],
    )
    pretext = RadioField(
        lazy_gettext("Nếu có người khác hỏi"),
        [InputRequired(lazy_gettext("Chọn một cách nói"))],
        choices=[(pretext, PRETEXT_WORDS[pretext]) for pretext in PRETEXTS],
    )
    never_by = TextAreaField(
        lazy_gettext("Ai không nên đến"),
        [Optional(), Length(max=500, message=lazy_gettext("Ghi tối đa 500 ký tự"))],
    )

    def offer(self, teams: list[TeamChoice]) -> VisitsForm:
        """The form with the open teams, by commune."""
        groups: dict[str, list[tuple[str, Any]]] = {"": [("", gettext("Chọn đội"))]}
        for team in teams:
            groups.setdefault(team.commune, []).append((str(team.id), team.name))
        self.team_id.choices = groups
        return self

    def terms(self) -> VisitTerms:
        return VisitTerms(
            team_id=int(self.team_id.data),
            community_name=self.community_name.data,
            hamlet=self.hamlet.data or None,
            place=self.place.data,
            pretext=self.pretext.data,
            never_by=self.never_by.data or None,
            version=self.version.data,
        )


class ReadersForm(HouseForm):
    is_shared = BooleanField(lazy_gettext("Có người khác cũng đọc máy này"))
    calls_only = BooleanField(lazy_gettext("Chỉ gọi, không nhắn tin vào máy này"))
