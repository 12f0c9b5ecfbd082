"""What offices write over their columns: folded headings, and what they mean here."""

from __future__ import annotations

from enum import StrEnum


class Field(StrEnum):
    NUMBER = "number"
    REGISTER_CODE = "register_code"
    FULL_NAME = "full_name"
    BIRTH_YEAR = "birth_year"
    BIRTH_DATE = "birth_date"
    BIRTH_YEAR_MALE = "birth_year_male"
    BIRTH_YEAR_FEMALE = "birth_year_female"
    SEX = "sex"
    SEX_MALE_MARK = "sex_male_mark"
    SEX_FEMALE_MARK = "sex_female_mark"
    COMMUNE = "commune"
    ADDRESS = "address"
    PHONE = "phone"
    IDENTITY_NUMBER = "identity_number"
    NATIONAL_CODE = "national_code"
    DOSE_MG = "dose_mg"
    ORDER_STARTS_ON = "order_starts_on"
    ORDER_ENDS_ON = "order_ends_on"
    TREATMENT_BEGAN_ON = "treatment_began_on"
    STATION = "station"
    NOTES = "notes"
    HIV_STATUS = "hiv_status"
    IGNORED = "ignored"


_WHOLE: dict[Field, tuple[str, ...]] = {
    Field.NUMBER: ("stt", "tt", "so tt", "so thu tu", "thu tu", "no"),
    Field.REGISTER_CODE: (
        "ma", "ma so", "ma bn", "ma nb", "ma so bn", "ma so nb", "ma benh nhan", "ma nguoi benh", "ma so nguoi benh",
        "ma so benh nhan", "ma benh an", "so benh an", "ma ba", "so ba", "ma ho so", "so ho so", "ma dieu tri",
        "ma so dieu tri", "ma methadone", "ma the", "ma kh", "code",
    ),
    Field.FULL_NAME: (
        "ho ten", "ho va ten", "ten", "ho ten benh nhan", "ho va ten benh nhan", "ho ten nguoi benh",
        "ho va ten nguoi benh", "ten benh nhan", "ten nguoi benh", "ho ten bn", "ho va ten bn", "ho ten nb",
        "ho va ten nb", "nguoi benh", "benh nhan", "ho ten khai sinh", "full name", "name",
    ),
    Field.BIRTH_YEAR: ("nam sinh", "ns", "sinh nam", "nam sinh nguoi benh"),
    Field.BIRTH_DATE: (
        "ngay sinh", "ngay thang nam sinh", "ngay thang nam sinh nguoi benh", "ntns", "ngay nam sinh",
        "ngay sinh nam sinh", "sinh ngay", "ngay thang sinh", "nt ns", "ngay sinh dd mm yyyy",
    ),
    Field.BIRTH_YEAR_MALE: ("nam sinh nam", "ns nam", "ngay sinh nam", "tuoi nam sinh nam"),
    Field.BIRTH_YEAR_FEMALE: ("nam sinh nu", "ns nu", "ngay sinh nu"),
    Field.SEX: ("gioi tinh", "gioi", "gt", "nam nu", "phai", "sex", "gioi tinh nam nu"),
    Field.SEX_MALE_MARK: ("gioi tinh nam", "gioi nam", "gt nam"),
    Field.SEX_FEMALE_MARK: ("gioi tinh nu", "gioi nu", "gt nu"),
    Field.COMMUNE: (
        "xa", "phuong", "xa phuong", "phuong xa", "xa phuong thi tran", "xa phuong tt", "noi cu tru", "noi o",
        "cho o", "noi thuong tru", "thuong tru", "dia phuong", "xa phuong noi cu tru", "xa phuong noi o",
        "noi cu tru xa phuong", "dia chi xa phuong", "dia chi xa", "commune",
    ),
    Field.ADDRESS: (
        "dia chi", "dia chi thuong tru", "dia chi noi o", "dia chi hien tai", "dia chi cu tru", "noi o hien tai",
        "ho khau", "hktt", "ho khau thuong tru", "thon", "thon ban", "khoi pho", "thon khoi", "thon xom", "address",
    ),
    Field.PHONE: (
        "dien thoai", "so dien thoai", "sdt", "so dt", "dt", "dtdd", "di dong", "dien thoai lien he",
        "so dien thoai lien he", "sdt lien he", "sdt nguoi benh", "phone", "tel", "lien he",
    ),
    Field.IDENTITY_NUMBER: (
        "cccd", "cmnd", "cmt", "so cccd", "so cmnd", "so cmt", "cccd cmnd", "cmnd cccd", "so cccd cmnd", "so cmnd cccd",
        "can cuoc cong dan", "so can cuoc", "can cuoc", "so can cuoc cong dan", "so dinh danh", "so dinh danh ca nhan",
        "so giay to", "cmtnd", "so cmtnd",
    ),
    Field.NATIONAL_CODE: (
        "ma quoc gia", "ma he thong", "ma so quoc gia", "ma toan quoc", "ma methadone quoc gia", "ma pid", "pid",
        "ma he thong quoc gia", "ma dinh danh quoc gia", "ma phan mem",
    ),
    Field.DOSE_MG: (
        "lieu", "lieu mg", "lieu hien tai", "lieu dung", "lieu uong", "lieu methadone", "lieu thuoc", "lieu mg ngay",
        "lieu dung mg", "lieu hien tai mg", "lieu methadone mg", "lieu methadone mg ngay", "lieu dieu tri", "lieu ngay",
        "lieu hang ngay", "lieu chi dinh", "lieu ke don", "dose", "mg",
    ),
    Field.ORDER_STARTS_ON: (
        "tu ngay", "ngay bat dau", "ngay bat dau don", "bat dau", "ngay bat dau don thuoc", "ngay ke don", "tu",
        "don tu ngay", "don thuoc tu ngay", "hieu luc tu", "ngay hieu luc", "ngay cap don", "thoi gian don tu ngay",
    ),
    Field.ORDER_ENDS_ON: (
        "den ngay", "ngay ket thuc", "ngay het han", "het han", "han don", "han don thuoc", "ket thuc", "den",
        "ngay ket thuc don", "ngay het don", "het don", "ngay het han don", "don den ngay", "don thuoc den ngay",
        "hieu luc den", "ngay het thuoc", "het han don", "han",
    ),
    Field.TREATMENT_BEGAN_ON: (
        "ngay khoi lieu", "khoi lieu", "ngay bat dau dieu tri", "bat dau dieu tri", "ngay vao dieu tri",
        "ngay dieu tri", "ngay tham gia dieu tri", "ngay khoi lieu methadone", "ngay uong lieu dau", "ngay vao",
        "ngay nhan vao dieu tri", "nam bat dau dieu tri", "ngay bat dau dieu tri methadone",
    ),
    Field.STATION: (
        "diem cap phat", "co so", "diem cap phat thuoc", "co so cap phat", "noi cap phat", "co so dieu tri",
        "diem uong thuoc", "noi uong thuoc", "diem cp",
    ),
    Field.NOTES: ("ghi chu", "luu y", "chu thich", "gc", "nhan xet", "notes"),
    Field.HIV_STATUS: ("hiv", "tinh trang hiv", "ket qua hiv", "xet nghiem hiv", "xn hiv", "kq hiv", "kqxn hiv"),
    Field.IGNORED: ("ky nhan", "chu ky", "ky ten", "ky", "tuoi", "dan toc", "ton giao", "nghe nghiep"),
}  # fmt: skip

# "Nam" and "Nữ" alone: the column's own cells say whether birth years or ticks stand below (columns.py).
MALE, FEMALE = "nam", "nu"

_FIELD_OF = {heading: field for field, headings in _WHOLE.items() for heading in headings}

# For longer headings: the first beginning that fits. "Liều methadone (mg) sáng" is not here: two doses a day are no
# single column's to say.
_BEGINNINGS = (
    ("ho va ten", Field.FULL_NAME),
    ("ho ten", Field.FULL_NAME),
    ("ngay thang nam sinh", Field.BIRTH_DATE),
    ("ngay bat dau dieu tri", Field.TREATMENT_BEGAN_ON),
    ("ngay khoi lieu", Field.TREATMENT_BEGAN_ON),
    ("so dien thoai nguoi benh", Field.PHONE),
    ("so dien thoai benh nhan", Field.PHONE),
    ("so cccd", Field.IDENTITY_NUMBER),
    ("so cmnd", Field.IDENTITY_NUMBER),
    ("xa phuong", Field.COMMUNE),
    ("lieu methadone hien tai", Field.DOSE_MG),
    ("lieu hien tai", Field.DOSE_MG),
    ("ghi chu", Field.NOTES),
)


def field_of(folded: str) -> Field | None:
    """Give the field that a folded heading names, None where it is not clear."""
    found = _FIELD_OF.get(folded)
    if found is None:
        found = next((field for beginning, field in _BEGINNINGS if folded.startswith(f"{beginning} ")), None)
    return found
