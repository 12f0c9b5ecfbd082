"""Words behind which somebody may be in danger: of dying by their own hand, of an overdose, of illness, of violence.

Found anywhere in a text, with marks, without, misspelt. Weighed where the words are everyday ones too, and in doubt
taken for what they could be: a false alarm costs a call, a miss may cost a life.
"""

from __future__ import annotations

from collections.abc import Mapping

from counseling.domain.phrases import Doubt, Phrases

_OWN_HAND = (
    "nghi quan", "dai dot", "nghi ngoi mai", "bien khoi doi", "khong con thiet", "uong … vien", "dinh uong thuoc",
    "quyen sinh", "chet", "khong tru noi", "khong chiu noi nua", "chua tung sinh ra", "dung sinh ra", "cam dao",
    "cua vao tay", "thuoc ngu", "song vo nghia", "khong thiet tha", "tu huy", "tu dot", "dot minh", "dot nha",
    "giai thoat", "khong bao gio day", "khong bao gio tinh", "tam biet", "xin loi … di truoc", "song chan",
    "khong con gi de mat", "nuot … thuoc", "nuot … vien", "nuot ca", "uong ca nam", "tren cau", "tren lan can",
    "tren san thuong", "nhay day", "nhay xuong day", "khong the song", "khong song tiep", "uoc gi … chet",
    "gia ma … chet", "uoc … chet di", "mong … chet", "ket thuc moi thu", "ket thuc het", "cham dut het",
    "cham dut moi thu", "ton thuong minh", "ton thuong ban than", "dao cua", "cua tay", "dao rach", "dao cat",
    "khong muon ton tai", "chet thoi", "ma chet", "chet moi", "chet som", "khong thiet gi nua", "khong thiet gi",
    "bo lai tat ca", "tu tu", "tu sat", "tu van cho xong", "tu van chet", "ket lieu", "ket thuc cuoc doi",
    "ket thuc cuoc song", "ket thuc tat ca", "cham dut cuoc doi", "cham dut cuoc song", "cham dut tat ca",
    "tu ket thuc", "tuyet menh", "vinh biet", "muon chet", "muon di chet", "muon duoc chet", "muon minh chet",
    "muon nguoi chet", "chet cho xong", "chet quach", "chet di cho", "chet cho roi", "chet cho khoe",
    "chet cho nhe", "chet cho do kho", "chet con hon", "chet con suong", "chet con nhe", "tha chet", "di chet",
    "sap chet", "dang chet", "se chet", "chac chet", "doi chet", "cho chet di", "chi biet chet",
    "song khong bang chet", "song nhu chet", "tim cai chet", "nghi den cai chet", "nghi toi cai chet", "muon die",
    "di die", "die cho", "di luon cho", "ve voi ong ba", "len ban tho", "muon bien mat", "muon tan bien",
    "muon ra di mai", "muon ngu mai", "ngu mot giac khong day", "khong muon tinh", "khong tinh day nua",
    "khong muon song", "khong … muon song", "khong thiet song", "khong … thiet song", "chang muon song",
    "chang thiet song", "cha muon song", "cha thiet song", "dek muon song", "deo muon song", "het muon song",
    "khong song noi", "song khong noi", "khong song duoc", "song khong duoc", "song lam gi", "song de lam gi",
    "song de lam chi", "song chi nua", "song them lam gi", "khong … ly do … song", "khong … ly do de ton tai",
    "khong … gi de song", "chan song", "chan doi", "chan ghet cuoc song", "chan cuoc song", "chan kiep",
    "tuyet vong", "loi tran troi", "khong ton tai nua", "treo co", "that co", "la ngon", "thuoc sau",
    "thuoc tru sau", "thuoc chuot", "thuoc diet", "uong thuoc ngu", "uong het thuoc", "uong het … thuoc",
    "uong ca lo", "uong ca vi", "uong ca nam thuoc", "uong nam thuoc", "uong mot nam thuoc", "paraquat", "nhay cau",
    "nhay lau", "nhay song", "nhay ho", "nhay xuong", "nhay tu tang", "cat tay", "cat co tay", "cat mach",
    "rach tay", "rach co tay", "lao dau vao", "lao vao xe", "lao ra duong", "mo gas", "dot than", "tu thieu",
    "tu hai", "lam hai ban than", "lam dau ban than", "tu lam dau", "suicide", "kill myself", "want to die",
    "wanna die",
)  # fmt: skip
_BODY = (
    "tim minh dau", "dien giat", "ran can", "nam im", "trang bech", "ra mau", "ngu luon", "dam mau",
    "khong con mach", "khong bat duoc mach", "khong thay mach", "tai nan", "tuc nguc", "nang nguc", "tim dap loan",
    "hoang loan", "me sang", "phan ung thuoc", "phan ung … thuoc", "soc phan ve", "bi soc", "tiem qua tay",
    "choi qua tay", "qua da", "qua do", "tim dap nhanh", "tim dap manh", "lim dan", "lim di", "lanh ngat",
    "lanh toat", "xanh le", "xanh tai", "tai xanh", "tai met", "khong noi duoc", "khong con biet", "mat y thuc",
    "mat tri giac", "khong mo mat", "khong … mo mat", "khong hoi tinh", "tho yeu", "kho khe", "len con co",
    "te xiu", "guc xuong", "guc roi", "nga quy", "xiu", "qua lieu", "soc thuoc", "shock thuoc", "sock thuoc",
    "shoc thuoc", "choc thuoc", "phe qua", "phe ngat", "say thuoc", "ngao da", "ngo doc", "trung doc", "overdose",
    "tim tai", "tim ngat", "tim den", "khong tho", "kho tho", "ngung tho", "ngop tho", "tat tho", "nghet tho",
    "nghen tho", "tho khong", "het tho", "thoi thop", "tho hap hoi", "hap hoi", "goi khong day", "goi … khong day",
    "goi khong tinh", "goi … khong tinh", "lay khong day", "lay … khong day", "khong tinh lai", "chua tinh lai",
    "khong day nua", "khong day duoc", "bat tinh", "hon me", "me man", "bat dong", "khong phan ung",
    "khong cu dong", "nam khong nhuc nhich", "ngat", "co giat", "giat dung dung", "giat lien tuc", "len con giat",
    "sui bot", "trao bot", "non ra mau", "ho ra mau", "chay mau", "mat mau", "dot quy", "dau nguc", "dau tim",
    "ngung tim", "tim ngung", "cap cuu", "cap kiu", "cap ciu", "115", "cuu", "nguy kich", "nguy cap",
    "nguy den tinh mang", "help me", "emergency",
)  # fmt: skip
_OTHERS = (
    "giet", "bi chem", "bi danh", "danh dau lam", "danh em", "danh toi", "danh vo", "danh con", "bi dam",
    "giet toi", "giet em", "giet no", "giet vo", "giet chong", "giet con", "giet nguoi", "giet het", "giet chet",
    "doi giet", "doa giet", "muon giet", "se giet", "danh chet", "dam chet", "chem chet", "bop co", "hiep dam",
    "cuong hiep", "bao hanh",
)  # fmt: skip
# Counted only as they stand here, because without their marks they are everyday words.
_MARKED = (
    "tự vẫn", "tự vận", "môi tím", "tím môi", "tím người", "người tím", "môi thâm", "tắt thở",
)  # fmt: skip
_MONEY = frozenset({"nghin", "ngan", "ngin", "dong", "d", "k", "trieu", "tr", "tram", "vnd", "usd", "kg", "km", "m",
                    "cai", "so", "duong", "tran", "le", "nguyen", "phan"})  # fmt: skip
_PATIENCE = frozenset({"thoi", "da", "nhe", "nha", "nhen", "ha", "roi", "cung", "se", "em", "anh", "chi", "toi", "minh",
                       "chau", "bac", "noi", "lam", "di", "tra", "den", "hay", "moi", "giai", "tinh",
                       "tung", "hoc", "quen"})  # fmt: skip


def _set(*words: str) -> frozenset[str]:
    return frozenset(words)


_DOUBTS: Mapping[str, Doubt] = {
    # từ từ: slowly. "từ từ em đến", "cứ từ từ"; what comes after it tells, unless "muốn", "định" stands in front.
    "tu tu": Doubt(
        meant=_set("tự tử", "tự tữ", "tự tứ", "tư tử", "tutu"),
        harmless=_set("từ từ", "tù tù", "tu tu", "từ tư") - _set("tu tu"),
        before=_set("cu", "thi", "lam", "noi", "uong", "chay", "an"),
        after=_PATIENCE,
        unless=_set("muon", "dinh", "dang", "nghi", "nghia", "chuyen", "doi", "doa", "tinh", "se"),
    ),
    "tu sat": Doubt(harmless=_set("từ sát", "tủ sắt", "tủ sát")),
    # "chết thật, em quên", "cười chết", "xe chết máy"; at the beginning of a text "chết rồi" is only "oh no".
    "chet": Doubt(
        before=_set("met", "doi", "nong", "lanh", "ret", "ban", "cuoi", "vui", "cay", "buon", "^", "nho", "muon",
                    "ngon", "so", "ngu", "hang"),
        after=_set("cuoi", "that", "cha", "may", "me", "duoc"),
    ),
    # "mệt muốn chết" is how people say that they are very tired.
    "muon chet": Doubt(before=_set("met", "doi", "nong", "lanh", "ret", "ban", "cuoi", "buon cuoi", "vui", "cay")),
    "di chet": Doubt(before=_set("cuoi", "met")),
    "chet di cho": Doubt(harmless=_set("chết đi chợ")),
    "se chet": Doubt(after=_set("may",)),
    "treo co": Doubt(harmless=_set("treo cờ", "treo cỡ")),
    "la ngon": Doubt(meant=_set("lá ngón"), harmless=_set("là ngon", "là ngọn", "lá ngon", "lạ ngon"),
                     before=_set("pho", "bun", "mon", "nay", "that"),
                     after=_set("lam", "nhat", "nhe", "qua", "lem", "hon", "an")),
    # thuốc sau: the medicine that comes later.
    "thuoc sau": Doubt(
        meant=_set("thuốc sâu"), harmless=_set("thuốc sau", "thuộc sau", "thước sau"),
        after=_set("khi", "do", "nay", "bua", "an", "gio", "nhe", "nha", "a", "duoc", "cung", "7h", "8h", "9h", "10h"),
    ),
    "chan song": Doubt(harmless=_set("chắn sóng", "chân sóng", "chặn sóng")),
    "co giat": Doubt(meant=_set("co giật", "cơ giật"), harmless=_set("có giặt", "cô giặt", "cỏ giặt"),
                     after=_set("do", "quan", "ao", "may", "chan", "man")),
    "phe qua": Doubt(before=_set("ca", "phan")),
    "tim tai": Doubt(harmless=_set("tìm tài", "tìm tại", "tim tại", "tìm tai"),
                     after=_set("lieu", "san", "khoan", "xe")),
    "tim den": Doubt(meant=_set("tím đen",), harmless=_set("tìm đến", "tìm đèn"), after=_set("nha", "diem", "cho")),
    "khong tho": Doubt(harmless=_set("không thô", "không thọ", "không thơ", "không thờ", "không thợ")),
    "tho khong": Doubt(harmless=_set("thơ không", "thợ không", "thờ không", "thỏ không"),
                       after=_set("a", "em", "anh", "chi", "ban")),
    "chay mau": Doubt(harmless=_set("chạy mau", "chạy mẫu", "cháy màu"), after=_set("len", "di", "ve")),
    "mat mau": Doubt(harmless=_set("mắt màu", "mất mẫu", "mặt mẫu", "mát mau")),
    "cat tay": Doubt(harmless=_set("cát tây", "cất tay"), after=_set("ao",)),
    "nhay song": Doubt(harmless=_set("nhảy sóng", "nháy sóng")),
    "nhay cau": Doubt(after=_set("long",)),
    "nhay ho": Doubt(harmless=_set("nháy hộ", "nhảy hộ"), after=_set("em", "anh", "toi", "minh")),
    "that co": Doubt(harmless=_set("thật có", "thất cơ", "thật cố"),
                     after=_set("khong", "gi", "le", "loi", "viec", "duoc", "ich", "ba")),
    "dau tim": Doubt(harmless=_set("đâu tìm", "dấu tim", "đầu tim"), after=_set("ra", "viec", "duoc", "nha", "so")),
    "115": Doubt(before=_set("nha", "ngo", "ngach", "duong", "phong", "hem", "gia", "het", "con", "no", "km"),
                 after=_MONEY),
    "cuu": Doubt(
        harmless=_set("cừu", "cựu", "cửu", "cữu"), before=_set("nghien", "tra", "dia", "con", "thit", "yeu"),
        after=_set("xet", "hoa", "tro", "van", "long", "non", "chien", "duoc"),
    ),
    # xíu: a little.
    "xiu": Doubt(
        harmless=_set("xíu"), before=_set("chut", "ti", "mot", "cho", "doi", "xiu", "muon", "tre", "them"),
        after=_set("nua", "thoi", "em", "nhe", "nha", "a", "di", "ve", "xiu", "goi", "mai", "den", "xong", "la"),
    ),
    "bi danh": Doubt(after=_set("thuc", "gia", "dau", "roi", "mat")),
    "danh con": Doubt(after=_set("de", "lo", "bac"), harmless=_set("dành con", "danh con")),
    "danh em": Doubt(harmless=_set("dành em", "danh em")),
    "danh toi": Doubt(harmless=_set("dành tôi", "đánh tới")),
    "ngu luon": Doubt(before=_set("em", "toi", "minh", "di", "con")),
    "nam im": Doubt(harmless=_set("năm im",)),
    "tren cau": Doubt(before=_set("nha", "tiem", "quan", "o", "xe", "ket", "tac"), after=_set("thang", "long", "vuot")),
    "bi soc": Doubt(after=_set("nang", "gia", "van")),
    "qua da": Doubt(harmless=_set("qua đà", "quá đã", "quá da"), before=_set("ngon", "xau", "ngua")),
    "qua do": Doubt(harmless=_set("qua đó", "qua đo", "quá đó", "quá dở", "quá dơ", "qua đỗ")),
    "chet thoi": Doubt(before=_set("met", "vui", "cuoi", "doi")),
    "ma chet": Doubt(before=_set("met", "vui", "cuoi", "doi")),
    "mong … chet": Doubt(after=_set("cuoi",)),
    "khong noi duoc": Doubt(after=_set("tieng", "gi", "chuyen", "ra", "qua")),
    "song chan": Doubt(harmless=_set("sóng chắn", "sông chắn")),
    "nhay day": Doubt(harmless=_set("nhảy dây", "nháy đây", "nháy đấy")),
    # ngắt: to cut off; ngát: of a smell.
    "ngat": Doubt(
        harmless=_set("ngắt", "ngát"), before=_set("may", "dien", "mang", "nuoc", "cuoc", "thom", "cao", "xanh", "tu"),
        after=_set("may", "dien", "mang", "nuoc", "song", "ket", "cuoc", "giua", "lien", "ngay", "nguong", "troi",
                   "quang", "loi", "dong"),
    ),
    "me man": Doubt(harmless=_set("mê man",) - _set("mê man"), before=_set("choi", "doc", "ngam"), after=_set("man",)),
    "bat dong": Doubt(harmless=_set("bất đồng", "bật đồng", "bắt đồng"), after=_set("san", "y", "ngon", "quan")),
    "het tho": Doubt(harmless=_set("hết thợ", "hết thơ"), after=_set("lam", "roi em oi")),
    "doi chet": Doubt(meant=_set("đòi chết",), harmless=_set("đói chết", "đợi chết"), after=_set("di", "duoc", "mat")),
    "chac chet": Doubt(before=_set("bi",)),
    "uong thuoc ngu": Doubt(after=_set("ngon", "duoc", "som")),
    "thuoc ngu": Doubt(after=_set("ngon", "duoc", "som")),
    "di luon cho": Doubt(after=_set("kip", "som", "tien", "nhanh", "khoe", "mat", "em", "anh", "vui", "do")),
    "khong day duoc": Doubt(harmless=_set("không đây được", "không dạy được"),
                            after=_set("som",)),
    "song khong duoc": Doubt(harmless=_set("sóng không được",), after=_set("tot", "khoe")),
}  # fmt: skip

CRISIS = Phrases((*_OWN_HAND, *_BODY, *_OTHERS), _MARKED, _DOUBTS)


def says_danger(text: str) -> str | None:
    """The first words of a text behind which somebody may be in danger; None when there are none."""
    return CRISIS.find(text)
