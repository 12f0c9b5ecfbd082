"""What others wrote and we serve is what they published, and small enough for a slow line."""

import gzip
import hashlib
import json
import re
from pathlib import Path

STATIC = Path(__file__).parents[2] / "counseling" / "static"
TEMPLATES = STATIC.parent / "templates"
VENDOR = STATIC / "vendor"
BYTES_OF_SCRIPT = 25 * 1024
ON_A_PHONE = ("cover.js", "outbox.js", "phone.js", "sw.js")
BYTES_OF_SCANNER = 20 * 1024
BYTES_OF_STYLE = 8 * 1024


def listed() -> dict[str, str]:
    lines = (VENDOR / "README.md").read_text(encoding="utf-8").splitlines()
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in lines if re.match(r"\| [\w.-]+\.js \|", line)
    ]
    return {row[0]: row[-1] for row in rows}


def gzipped(*names: str) -> int:
    return sum(len(gzip.compress((STATIC / name).read_bytes(), 9)) for name in names)


def test_every_vendored_script_is_listed_with_the_checksum_it_has() -> None:
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in VENDOR.glob("*.js")}
    assert found
    assert found == listed()


def test_every_vendored_script_and_the_icons_have_their_licence_beside_them() -> None:
    words = {"htmx": "Zero-Clause BSD", "qr-scanner": "MIT License"}
    for path in VENDOR.glob("*.js"):
        licence = (VENDOR / re.sub(r"(\.min)?\.js$", ".LICENSE", path.name)).read_text(encoding="utf-8")
        assert next(said for name, said in words.items() if path.name.startswith(name)) in licence
    assert "ISC License" in (STATIC / "icons.LICENSE").read_text(encoding="utf-8")


def test_script_and_style_of_a_page_fit_the_slow_line() -> None:
    assert gzipped("app.js", "hands.js", "vendor/htmx-4.0.1.min.js") <= BYTES_OF_SCRIPT
    assert gzipped("app.js", *ON_A_PHONE) <= BYTES_OF_SCRIPT
    assert gzipped("app.css") <= BYTES_OF_STYLE


def test_what_reads_a_card_is_small_and_comes_with_the_window_only() -> None:
    decoder = next(VENDOR.glob("qr-scanner-worker-*.js"))
    assert gzipped("scan.js", f"vendor/{decoder.name}") <= BYTES_OF_SCANNER
    pages = {
        path.relative_to(TEMPLATES).as_posix() for path in TEMPLATES.rglob("*.html") if "scan.js'" in path.read_text()
    }
    assert pages == {"partials/station/_scan.html"}


def test_the_sprite_holds_every_icon_that_a_template_names() -> None:
    held = set(re.findall(r'<symbol id="([a-z0-9-]+)"', (STATIC / "icons.svg").read_text(encoding="utf-8")))
    pages = [path.read_text(encoding="utf-8") for path in TEMPLATES.rglob("*.html")]
    named = {name for page in pages for name in re.findall(r"""\bicon\(["']([a-z0-9-]+)["']""", page)}
    assert named
    assert named <= held, named - held


def test_htmx_is_told_to_inject_no_style_and_to_keep_the_page_on_errors() -> None:
    head = (TEMPLATES / "layouts" / "_head.html").read_text(encoding="utf-8")
    match = re.search(r"name=\"htmx-config\" content='([^']+)'", head)
    assert match
    config = json.loads(match[1])
    assert config["includeIndicatorCSS"] is False
    assert config["implicitInheritance"] is False
    assert {204, 304, 401, "5xx"} <= set(config["noSwap"])


def test_layouts_macros_and_error_pages_hold_nothing_inline() -> None:
    for folder in ("layouts", "macros", "errors"):
        for path in (TEMPLATES / folder).rglob("*.html"):
            text = path.read_text(encoding="utf-8")
            assert not re.search(r"\sstyle=|<style|\son[a-z]+=|javascript:|hx-on|hx-vals=.js:", text), path.name
            assert not re.search(r"<script(?![^>]*\ssrc=)", text), path.name
