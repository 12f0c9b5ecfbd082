"""What the columns of a register are called on pages, and the sentences of faults as plain text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import get_template_attribute
from flask_babel import lazy_gettext

from counseling.registers.headings import Field

SENTENCES = "partials/register/_sentences.html"
# In the order in which a person looks for them.
FIELD_LABELS = {
    Field.IGNORED: lazy_gettext("Bỏ qua cột này"),
    Field.REGISTER_CODE: lazy_gettext("Mã người bệnh"),
    Field.FULL_NAME: lazy_gettext("Họ và tên"),
    Field.BIRTH_YEAR: lazy_gettext("Năm sinh"),
    Field.BIRTH_DATE: lazy_gettext("Ngày sinh"),
    Field.BIRTH_YEAR_MALE: lazy_gettext("Năm sinh (cột Nam)"),
    Field.BIRTH_YEAR_FEMALE: lazy_gettext("Năm sinh (cột Nữ)"),
    Field.SEX: lazy_gettext("Giới tính"),
    Field.SEX_MALE_MARK: lazy_gettext("Đánh dấu Nam"),
    Field.SEX_FEMALE_MARK: lazy_gettext("Đánh dấu Nữ"),
    Field.COMMUNE: lazy_gettext("Xã, phường"),
    Field.ADDRESS: lazy_gettext("Địa chỉ"),
    Field.PHONE: lazy_gettext("Số điện thoại"),
    Field.IDENTITY_NUMBER: lazy_gettext("Số căn cước"),
    Field.NATIONAL_CODE: lazy_gettext("Mã quốc gia"),
    Field.DOSE_MG: lazy_gettext("Liều (mg)"),
    Field.ORDER_STARTS_ON: lazy_gettext("Đơn từ ngày"),
    Field.ORDER_ENDS_ON: lazy_gettext("Đơn đến ngày"),
    Field.TREATMENT_BEGAN_ON: lazy_gettext("Ngày khởi liều"),
    Field.STATION: lazy_gettext("Điểm cấp phát"),
    Field.HIV_STATUS: lazy_gettext("Tình trạng HIV"),
    Field.NOTES: lazy_gettext("Ghi chú"),
    Field.NUMBER: lazy_gettext("Số thứ tự"),
}


def fault_sentence(fault: Mapping[str, Any]) -> str:
    """One fault of a row as a person reads it, with its column: "Cột H (Liều): …"."""
    return " ".join(str(get_template_attribute(SENTENCES, "fault")(fault)).split())


def failure_sentence(code: str) -> str:
    """Why a file or an import as a whole could not go on."""
    return " ".join(str(get_template_attribute(SENTENCES, "failure")(code)).split())
