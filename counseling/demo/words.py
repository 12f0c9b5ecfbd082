"""Names and words that invented people are made of: those of Lạng Sơn's Kinh, Tày, Nùng and Dao families."""

from __future__ import annotations

# People: share, family names, and the languages spoken at home with their weights.
PEOPLES = (
    (0.28, ("Nguyễn", "Trần", "Lê", "Phạm", "Vũ", "Đặng", "Bùi", "Đỗ", "Ngô", "Phan"), (("vi", 1.0),)),
    (0.36, ("Hoàng", "Nông", "Lương", "Hứa", "Lộc", "Bế", "Đàm", "Ma", "Chu", "La", "Dương"), (("vi", 3), ("tyz", 2))),
    (0.30, ("Vi", "Lành", "Lăng", "Linh", "Phùng", "Mông", "Nông", "Hứa", "Lường", "Long"), (("vi", 3), ("nut", 2))),
    (0.06, ("Triệu", "Bàn", "Đặng", "Dương", "Lý", "Chíu"), (("vi", 1), ("ium", 2))),
)
MALE_MIDDLE = ("Văn", "Văn", "Văn", "Minh", "Đức", "Quốc", "Xuân", "Ngọc", "Thanh", "Hữu", "Mạnh", "Tiến")
FEMALE_MIDDLE = ("Thị", "Thị", "Thị", "Thu", "Thanh", "Bích", "Hồng")
MALE_GIVEN = (
    "An", "Bình", "Chiến", "Công", "Cường", "Dũng", "Duy", "Đạt", "Điệp", "Định", "Giang", "Hà", "Hải", "Hiếu", "Hòa",
    "Hoàn", "Hùng", "Huy", "Khánh", "Kiên", "Lâm", "Long", "Mạnh", "Nam", "Nghĩa", "Phong", "Phúc", "Quang", "Quyết",
    "Sơn", "Tài", "Tâm", "Thái", "Thành", "Thắng", "Thịnh", "Thọ", "Toàn", "Trung", "Tú", "Tuấn", "Tùng", "Việt",
    "Vinh", "Vượng",
)  # fmt: skip
FEMALE_GIVEN = (
    "Ánh", "Bích", "Chi", "Dung", "Hà", "Hạnh", "Hằng", "Hiền", "Hoa", "Hương", "Lan", "Liên", "Linh", "Mai", "Nga",
    "Ngọc", "Nhung", "Oanh", "Phương", "Thảo", "Thúy", "Trang", "Vân", "Xuân", "Yến",
)  # fmt: skip

# Hamlets of the hills are called after a rice field, a stream, a spring; these pairs are put together by chance.
HAMLET_FIRST = ("Nà", "Khuổi", "Pò", "Bản", "Cốc", "Pác", "Lũng", "Khau", "Kéo", "Co")
HAMLET_SECOND = ("Pàn", "Mìu", "Lải", "Sla", "Tàu", "Phạ", "Đông", "Riềng", "Vài", "Cáp", "Nhùng", "Mới", "Lương")

# What people call each other where everybody has a trade. Chosen with the person, never the name in the papers.
CALLED = {
    "male": ("anh", ("Ba", "Tư", "Cả", "Út", "Sáu", "Bảy", "Hai", "Tám", "Lẹ", "Sên", "Báu", "Páo")),
    "female": ("chị", ("Ba", "Tư", "Cả", "Út", "Sáu", "Bảy", "Sen", "Lụa", "Mận", "Đào")),
}
TRADES = {
    "male": (
        "sửa xe", "thợ xây", "chăn vịt", "trồng na", "trồng hồi", "xe ôm", "làm mộc", "bốc hàng", "vịt quay",
        "nuôi ong", "chở gạch", "thợ hàn", "cắt tóc", "trồng thông",
    ),
    "female": ("bán rau", "bán phở", "thợ may", "hàng xôi", "trồng na", "hái hồi", "bán vải", "làm bánh"),
}  # fmt: skip
ALIAS_FIRST = ("Suối", "Núi", "Hoa", "Mây", "Gió", "Trăng", "Cây", "Đá")
ALIAS_SECOND = ("Hồi", "Đào", "Thông", "Mận", "Trúc", "Sở", "Sim", "Lê")
TREATMENT_NOTES = (
    "Hay đến muộn vào ngày chợ phiên.",
    "Làm ca đêm ở bến xe, thường đến lúc mở cửa.",
    "Đang điều trị lao, uống thuốc buổi sáng.",
    "Nhà xa, đi xe khách tuyến đầu.",
    "Đang điều trị ARV, lấy thuốc hằng tháng.",
)
SUPPORT_NOTES = (
    "Muốn học nghề sửa chữa máy nông nghiệp.",
    "Đang làm thủ tục vay vốn nuôi ong.",
    "Thích gặp ở chợ, không thích đến nhà.",
    "Mẹ già ở cùng, con đang học lớp 6.",
    "Đang tìm việc gần nhà.",
)
OBSERVATIONS = (
    "Nói lắp, đi không vững, có mùi rượu.",
    "Buồn ngủ, đồng tử co nhỏ, trả lời chậm.",
    "Mặt đỏ, có mùi rượu, nói nhiều.",
)
ELSEWHERE_BOOK = "Sổ cấp phát thuốc của điểm, trước khi dùng phần mềm"
ELSEWHERE_TRANSFER = "Giấy chuyển tiếp điều trị của cơ sở cũ"

# What is said at the desks and on the phones of the round. Nothing here names a treatment, a place or a person.
NEVER_BY = (
    "Không cho họ hàng bên vợ biết.",
    "Không nhờ hàng xóm.",
    "Không phải trưởng thôn.",
    "Không đến lúc bố mẹ ở nhà.",
)
CONTACT_NOTES = (
    "Đang sửa chuồng lợn, hẹn tuần sau ghé lại.",
    "Nói chuyện ở quán nước đầu thôn, vui vẻ.",
    "Con ốm, hai hôm nay ít ngủ.",
    "Nhờ hỏi giúp giấy tờ vay vốn.",
    "Sang nhà anh trai phụ hái hồi.",
    "Không có nhà, gặp mẹ ở sân.",
    "Muốn xin đi làm ở xưởng gỗ.",
)
AGREED = (
    "Ghi lại lúc nào thấy bồn chồn, lần sau cùng xem.",
    "Gọi cho chị gái trước khi ra chợ một mình.",
    "Hỏi lớp sửa máy nông nghiệp ở trung tâm dạy nghề.",
    "Mang sổ hộ khẩu để làm lại giấy tờ.",
    "Buổi tối đi bộ với vợ thay vì ngồi quán.",
    "Gặp lại sau hai tuần, rủ thêm bố cùng đến.",
)
FREE_WORDS = (
    "mai em di cho phien den muon duoc khong",
    "Em dang o nha ngoai, thu Hai em ve",
    "cho em hoi may gio dong cua a",
    "Vang em biet roi",
    "hom qua xe hong a",
    "cam on anh chi",
    "Em doi so dien thoai thi bao ai",
    "chieu nay goi lai cho em nhe",
)
YES_WORDS = ("ok", "da", "vang a", "Ok em den")
STAFF_ANSWERS = (
    "Da duoc, anh/chi cu den nhu thuong le.",
    "Vang, em ghi lai roi. Can gi anh/chi nhan tin nhe.",
    "Mo cua den 10h30, anh/chi den som giup em.",
    "Chieu nay em goi lai cho anh/chi.",
)
STRANGER = "So nay la so nao vay, sao co ten toi trong may"
FROM_SHARED_PHONE = "Cho hoi mai co lam khong, may nay hai anh em dung chung"
