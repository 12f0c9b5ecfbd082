"""Style, script and icons: read once, compressed once, kept by browsers for a year under a name with their hash."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from flask import Flask, Response, abort, request, url_for

from counseling.permissions import public

FOLDER = Path(__file__).resolve().parent / "static"
COMPRESSIBLE = ("text/", "application/javascript", "text/javascript", "image/svg+xml", "application/json")
_LINE_OF_COMMENT = re.compile(rb"^[ \t]*//[^\n]*\n", re.MULTILINE)


@dataclass(frozen=True)
class Asset:
    version: str
    kind: str
    plain: bytes
    packed: bytes | None


def init_app(app: Flask) -> None:
    app.add_url_rule("/static/<version>/<path:filename>", "static", public(serve))
    app.jinja_env.globals["static_url"] = static_url


@cache
def asset(filename: str) -> Asset | None:
    path = (FOLDER / filename).resolve()
    if not path.is_relative_to(FOLDER) or not path.is_file():
        return None
    plain = as_sent(path)
    kind = mimetypes.guess_type(filename)[0] or "application/octet-stream"
    packed = gzip.compress(plain, 9, mtime=0) if kind.startswith(COMPRESSIBLE) else None
    return Asset(hashlib.sha256(plain).hexdigest()[:12], kind, plain, packed)


def as_sent(path: Path) -> bytes:
    """What goes over the line: of a script without the lines that only explain it, which were a twentieth of all that a
    phone loads on its first day. tests/house/test_templates.py sees to it that none of them stands within a text."""
    plain = path.read_bytes()
    return _LINE_OF_COMMENT.sub(b"", plain) if path.suffix == ".js" and path.parent == FOLDER else plain


def static_url(filename: str) -> str:
    """The address of a static file, with the hash of what is in it. Raises LookupError when there is none."""
    found = asset(filename)
    if found is None:
        raise LookupError(filename)
    return url_for("static", version=found.version, filename=filename)


def serve(version: str, filename: str) -> Response:
    found = asset(filename)
    if found is None or found.version != version:
        abort(404)
    packed = found.packed if request.accept_encodings.find("gzip") >= 0 else None
    response = Response(packed or found.plain, mimetype=found.kind)
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    response.headers["Vary"] = "Accept-Encoding"
    if packed:
        response.headers["Content-Encoding"] = "gzip"
    # A new worker asks once more for what its page has just loaded, whatever is said above: then it is told so.
    response.set_etag(f"{found.version}{'-gzip' if packed else ''}")
    response.make_conditional(request)
    return response
