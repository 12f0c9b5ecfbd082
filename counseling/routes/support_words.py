"""The words of the counseling point's book, by their codes; forms offer them and pages show them."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext

KINDS = {
    "choosing": lazy_gettext("Lựa chọn hình thức cai nghiện"),
    "adherence": lazy_gettext("Giữ đều kế hoạch"),
    "relapse_prevention": lazy_gettext("Dự phòng tái nghiện"),
    "psychosocial": lazy_gettext("Tâm lý, xã hội"),
    "family": lazy_gettext("Gia đình"),
    "vocational": lazy_gettext("Học nghề, việc làm"),
}
FORMS = {
    "one_to_one": lazy_gettext("Gặp riêng"),
    "group": lazy_gettext("Nhóm"),
    "club": lazy_gettext("Câu lạc bộ"),
    "home": lazy_gettext("Tại nhà"),
    "phone": lazy_gettext("Qua điện thoại"),
}
TOPIC_WORDS = {
    "health": lazy_gettext("Sức khỏe"),
    "mood": lazy_gettext("Tâm trạng, giấc ngủ"),
    "craving": lazy_gettext("Cơn thèm nhớ"),
    "family": lazy_gettext("Gia đình"),
    "work": lazy_gettext("Việc làm"),
    "housing": lazy_gettext("Chỗ ở"),
    "papers": lazy_gettext("Giấy tờ"),
    "money": lazy_gettext("Tiền nong"),
    "friends": lazy_gettext("Bạn bè"),
    "other": lazy_gettext("Việc khác"),
}
RHYTHM_WORDS = {
    "weekly": lazy_gettext("Mỗi tuần"),
    "fortnightly": lazy_gettext("Hai tuần một lần"),
    "monthly": lazy_gettext("Mỗi tháng"),
}
END_WORDS = {
    "completed": lazy_gettext("Đã đi hết chặng đường"),
    "moved": lazy_gettext("Chuyển đi nơi khác"),
    "in_treatment": lazy_gettext("Đã có nơi khác giúp"),
    "own_wish": lazy_gettext("Theo ý người đó"),
    "died": lazy_gettext("Đã mất"),
}
STATUS_WORDS = {
    "active": lazy_gettext("Đang hỗ trợ"),
    "discharged": lazy_gettext("Đã kết thúc hỗ trợ"),
    "moved": lazy_gettext("Đã chuyển đi"),
    "died": lazy_gettext("Đã mất"),
}
LABELS: dict[str, Any] = {
    "kinds": KINDS,
    "forms": FORMS,
    "topics": TOPIC_WORDS,
    "rhythms": RHYTHM_WORDS,
    "ends": END_WORDS,
    "support_statuses": STATUS_WORDS,
}
WEEKDAYS = (
    lazy_gettext("thứ Hai"),
    lazy_gettext("thứ Ba"),
    lazy_gettext("thứ Tư"),
    lazy_gettext("thứ Năm"),
    lazy_gettext("thứ Sáu"),
    lazy_gettext("thứ Bảy"),
    lazy_gettext("Chủ nhật"),
)
