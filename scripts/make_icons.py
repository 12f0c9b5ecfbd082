"""Cut the icon sprite from an unpacked `lucide-static` package and draw the application icons.

    python scripts/make_icons.py FOLDER_OF_LUCIDE_STATIC [--chromium /usr/bin/chromium]

Run by hand when an icon is added; the results are committed.
"""

import argparse
import re
import shutil
import subprocess  # a fixed program with fixed arguments
import tempfile
from pathlib import Path

STATIC = Path(__file__).resolve().parent.parent / "counseling" / "static"

# fmt: off
NAMES = [
    "arrow-left", "building-2", "calendar", "calendar-check", "camera", "check", "chevron-right", "circle",
    "clipboard-list", "clock", "download", "file-spreadsheet", "file-text", "history", "hourglass", "house",
    "id-card", "inbox", "info", "key-round", "languages", "list-checks", "lock", "log-out", "map-pin",
    "message-square", "monitor", "octagon-x", "pencil", "phone", "plus", "printer", "qr-code", "refresh-cw", "search",
    "settings", "stethoscope", "sun", "triangle-alert", "undo-2", "upload", "user", "user-plus", "users", "x",
]
# fmt: on

# The mark: a line that rests on a point. It names nothing.
MARK = '<path d="M3 9.5h18"/><circle cx="9" cy="16" r="2.5" fill="currentColor"/>'


def symbol(name: str, body: str) -> str:
    return f'<symbol id="{name}" viewBox="0 0 24 24">{body}</symbol>'


def sprite(icons: Path) -> str:
    """One line per icon; stroke and fill come from `.icon` in app.css."""
    lines = [symbol("mark", MARK)]
    for name in NAMES:
        svg = (icons / f"{name}.svg").read_text(encoding="utf-8")
        body = re.search(r"<svg[^>]*>(.*)</svg>", svg, re.DOTALL)
        if body is None:
            raise SystemExit(f"{name}.svg: no <svg> element")
        lines.append(symbol(name, re.sub(r"\s*\n\s*", "", body[1]).replace(" />", "/>")))
    return '<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(lines) + "\n</svg>\n"


def app_icon(radius: int, scale: float) -> str:
    """The mark on the colour that acts; `scale` below 1 keeps it inside the safe circle of a maskable icon."""
    drawing = (
        '<g fill="none" stroke="#FBFAF7" stroke-width="34" stroke-linecap="round"><path d="M96 216h320"/></g>'
        '<circle cx="208" cy="312" r="52" fill="#FBFAF7"/>'
    )
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 512 512">'
        f'<rect width="512" height="512" rx="{radius}" fill="#0E625B"/>'
        f'<g transform="translate(256 256) scale({scale}) translate(-256 -264)">{drawing}</g></svg>\n'
    )


def draw(chromium: str, svg: str, size: int, target: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "icon.html"
        sized = svg.replace("<svg ", f'<svg width="{size}" height="{size}" style="display:block" ', 1)
        page.write_text(f'<body style="margin:0;background:transparent">{sized}', encoding="utf-8")
        picture = Path(folder) / "icon.png"
        command = [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        command += ["--hide-scrollbars", "--force-device-scale-factor=1", "--default-background-color=00000000"]
        command += [f"--user-data-dir={folder}/profile", f"--window-size={size},{size}", f"--screenshot={picture}"]
        subprocess.run([*command, page.as_uri()], check=True, capture_output=True, timeout=60)  # noqa: S603 - own input
        shutil.copyfile(picture, target)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("package", type=Path)
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    options = parser.parse_args()
    (STATIC / "icons.svg").write_text(sprite(options.package / "icons"), encoding="utf-8")
    shutil.copyfile(options.package / "LICENSE", STATIC / "icons.LICENSE")
    folder = STATIC / "icons"
    folder.mkdir(exist_ok=True)
    rounded, square, maskable = app_icon(104, 1), app_icon(0, 0.92), app_icon(0, 0.78)
    (folder / "favicon.svg").write_text(rounded, encoding="utf-8")
    draw(options.chromium, rounded, 192, folder / "app-192.png")
    draw(options.chromium, rounded, 512, folder / "app-512.png")
    draw(options.chromium, maskable, 512, folder / "maskable-512.png")
    draw(options.chromium, square, 180, folder / "apple-touch-180.png")


if __name__ == "__main__":
    main()
