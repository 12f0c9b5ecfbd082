"""Take the decoder out of an unpacked `qr-scanner` package, where it stands as a text that makes a worker of itself.

    python scripts/cut_scanner.py FOLDER_OF_QR_SCANNER

A worker made of a text is what the content security policy forbids, so the text becomes a file. Run by hand when the
version changes; the result is committed, and its checksum stands in counseling/static/vendor/README.md.
"""

import argparse
import json
import re
from pathlib import Path

VENDOR = Path(__file__).resolve().parent.parent / "counseling" / "static" / "vendor"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("package", type=Path)
    package: Path = parser.parse_args().package
    version = json.loads((package / "package.json").read_text(encoding="utf-8"))["version"]
    source = (package / "qr-scanner-worker.min.js").read_text(encoding="utf-8")
    text = source[source.index("`") + 1 : source.rindex("`")]
    worker = re.sub(r"\\([`$\\])", r"\1", text)
    (VENDOR / f"qr-scanner-worker-{version}.js").write_text(worker, encoding="utf-8")
    licence = (package / "LICENSE").read_text(encoding="utf-8")
    (VENDOR / f"qr-scanner-worker-{version}.LICENSE").write_text(licence, encoding="utf-8")


if __name__ == "__main__":
    main()
