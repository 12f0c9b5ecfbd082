"""Answers that every site begins with, for staff who write back: neutral like everything else that is sent.

A site that adds an answer or takes one off keeps a list of its own from then on (services/canned_answers.py).
"""

from __future__ import annotations

SHIPPED_ANSWERS = (
    "Vang, da nhan duoc tin. Em se goi lai cho anh/chi trong gio lam viec.",
    "Vang, em ghi lai roi. Cam on anh/chi.",
    "Anh/chi tien nghe may luc may gio? Em goi lai luc do.",
    "Doi ngay duoc. Em se goi lai de chon ngay khac.",
    "Khong sao dau. Anh/chi cu den nhu thuong le.",
    "Da chuyen loi cua anh/chi cho nguoi phu trach.",
)
