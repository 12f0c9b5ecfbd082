"""Passwords of eight characters and more that are tried first: small letters, no marks, no spaces.

Habits seen in leaked lists everywhere, and those of Việt Nam: mật khẩu, anh yêu em, lucky numbers, places, workplaces.
"""

COMMON_PASSWORDS = frozenset(
    """
    12345678 123456789 1234567890 12345678910 123456789a 123456789q 12345678a 12345678q 1234567a 1234567q
    123456a@ 123456aa 123456ab 123456abc 123456@a 123456@abc 1234abcd 1234qwer 123123123 123321123
    123qweasd 123qweasdzxc 123asd123 12341234 12121212 12344321 123454321 1q2w3e4r 1q2w3e4r5t 1qaz2wsx
    1qaz@wsx 1qazxsw2 1a2b3c4d 147258369 159753123 11112222 11223344 1122334455 112233445566 11111111
    111111111 1111111111 22222222 33333333 44444444 55555555 66666666 77777777 88888888 888888888
    99999999 999999999 00000000 0000000000 01234567 012345678 0123456789 09876543 0987654321 098765432
    87654321 987654321 9876543210 99998888 88889999 66668888 68686868 79797979 86868686 39393939
    19001080 20082008 20102010 20202020 20212021 20222022 20232023 20242024 20252025 20262026
    aaaaaaaa abababab abc12345 abc123456 abc123456789 abc@1234 abc@12345 abcd1234 abcd@1234 abcd12345
    abcdefgh abcdefghi abcabc123 abc123abc a1234567 a12345678 a123456789 aa123456 aa123456789 asd12345
    asdasdasd asdf1234 asdfasdf asdfghjk asdfghjkl asdfghjkl; qwe12345 qwer1234 qwert123 qwerty12
    qwerty123 qwerty1234 qwertyui qwertyuiop q1w2e3r4 q1w2e3r4t5 qweasdzxc qazwsxedc zaq12wsx zxc12345
    zxcvbnm1 zxcvbnm123 zxcvbnm, password password1 password12 password123 password1234 password@1 password@123
    passw0rd p@ssword p@ssw0rd p@ssw0rd1 pass1234 pass@123 pass@1234 admin123 admin1234 admin12345
    admin@123 admin@1234 adminadmin administrator root1234 test1234 test12345 testtest user1234 guest123
    welcome1 welcome123 changeme changeme1 letmein1 letmein123 iloveyou iloveyou1 iloveyou2 iloveyou123
    sunshine princess princess1 football baseball superman superman1 batman123 dragon123 monkey123
    computer internet facebook facebook1 google123 samsung1 samsung123 starwars trustno1 whatever
    matkhau1 matkhau12 matkhau123 matkhau1234 matkhau@1 matkhau@123 matkhau01 matkhaumoi matkhaucu
    matkhau2024 matkhau2025 matkhau2026 khongbiet khongbiet1 khongcomatkhau quenmatkhau quenroi123
    anhyeuem anhyeuem1 anhyeuem123 emyeuanh emyeuanh1 yeuanhnhieu yeuemnhieu yeuemmaimai anhnhoem emnhoanh
    conyeume conyeubome giadinh1 giadinh123 hanhphuc hanhphuc1 hanhphuc123 maimaiyeuem tinhyeu1 tinhyeu123
    vietnam1 vietnam123 vietnam@123 vietnamvodich vietnam2024 vietnam2025 vietnam2026 hanoi123 hanoi1234 saigon123
    langson1 langson12 langson123 langson1234 langson@123 langson2025 langson2026 dongkinh1 dongkinh123 caoloc123
    tramyte1 tramyte12 tramyte123 tramyte@123 tramytexa benhvien1 benhvien123 bacsi123 bacsi1234 dieuduong
    dieuduong1 yte12345 soyte123 trungtamyte methadone methadone1 methadone123 methadon1 capphatthuoc tuvan123
    xinchao1 xinchao123 chaoban123 nguyenvana nguyenvana1 nguyen123 nguyen1234 hoanghai1 thanhcong thanhcong1
    thanhcong123 maiyeuem1 zalo1234 zalo12345 mobifone viettel1 viettel123 vinaphone sinhnhat1 ngaysinh1
    """.split()  # noqa: SIM905 - a block of words is read and extended more easily than 270 quoted lines
)
