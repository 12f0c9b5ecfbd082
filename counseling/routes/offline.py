"""What a volunteer's phone needs without a signal: the worker, its page, and what pages tell the script."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Flask, Response, current_app, g, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from werkzeug.local import LocalProxy

from counseling.permissions import Viewer, public
from counseling.static_files import FOLDER, as_sent, static_url

bp = Blueprint("offline", __name__)

# What the application's side of the outbox tells a page about its reader; None where there is nothing to keep.
PhoneData = Callable[[Viewer], dict[str, Any] | None]
SHELL = ("app.css", "app.js", "outbox.js", "phone.js", "cover.js", "icons.svg", "icons/favicon.svg")
KEEP_FOR = "X-Keep-For"
KEPT_PAGES = ("outreach.index", "danger.show")
# Browsers within another app lose what they keep when that app is closed, and cannot be installed.
IN_APP = re.compile(r"\b(Zalo|FBAN|FBAV|Instagram|TikTok|musical_ly|Line)\b")
IN_APP_NAMES = {"FBAN": "Facebook", "FBAV": "Facebook", "musical_ly": "TikTok"}
SOME_APP = "; wv)"  # how Android marks the window of any app


def init_app(app: Flask) -> None:
    app.context_processor(
        lambda: {"phone": LocalProxy(phone), "in_app": LocalProxy(in_app), "outbox_url": LocalProxy(outbox_address)}
    )
    app.after_request(mark_as_kept)
    app.after_request(pack_sign_in)


def phone() -> dict[str, Any] | None:
    """What the script of this reader's pages needs, or None: then every page is a plain one."""
    viewer: Viewer | None = g.get("viewer")
    tell: PhoneData | None = current_app.extensions.get("phone")
    if viewer is None or tell is None:
        return None
    if "phone" not in g:
        g.phone = tell(viewer)
    found: dict[str, Any] | None = g.phone
    return found


def in_app() -> str:
    """The name of the app in whose window the page stands; empty in a browser of its own."""
    agent = request.user_agent.string
    found = IN_APP.search(agent)
    if found is None:
        return gettext("ứng dụng khác") if SOME_APP in agent else ""
    return IN_APP_NAMES.get(found.group(1), found.group(1))


def mark_as_kept(response: Response) -> Response:
    """The list, as it stands without a filter, and what to do in danger: all that a phone keeps; and for whom."""
    if request.endpoint in KEPT_PAGES and response.status_code == 200 and not request.args:
        kept_for = phone()
        if kept_for is not None:
            response.headers[KEEP_FOR] = kept_for["actor"]
            pack(response)
    return response


def pack_sign_in(response: Response) -> Response:
    """The first page ever, as long as nothing that its address brings stands on it."""
    if request.endpoint == "account.login" and response.status_code == 200 and not request.args:
        pack(response)
    return response


def pack(response: Response) -> None:
    """A list of twenty people is 24 KB of the same words. Nothing that a request brings stands on it, so that the
    length of what is packed tells nobody anything; pages that repeat what was asked are sent as they are. The worker's
    text and its page are the same for everybody."""
    if request.accept_encodings.find("gzip") >= 0:
        response.set_data(gzip.compress(response.get_data(), 6))
        response.headers["Content-Encoding"] = "gzip"
        response.vary.add("Accept-Encoding")


@bp.get("/sw.js")
@public
def worker() -> ResponseReturnValue:
    addresses = {
        "FILES": [static_url(name) for name in SHELL],
        "OFFLINE": url_for("offline.page"),
        "HOME": url_for("outreach.index"),
        "ROOT": url_for("home.index"),
        "DANGER": url_for("danger.show"),
        "STATIC": f"{request.script_root}/static/",
    }
    lines = [f"const {name} = {json.dumps(value)};" for name, value in addresses.items()]
    lines += [
        f"self.OUTBOX_URL = {json.dumps(outbox_address())};",
        f"importScripts({json.dumps(static_url('outbox.js'))});",
    ]
    text = "\n".join([*lines, as_sent(FOLDER / "sw.js").decode()])
    response = Response(text, mimetype="text/javascript")
    response.headers["Cache-Control"] = "no-cache"
    pack(response)
    return response


@bp.get("/offline")
@public
def page() -> ResponseReturnValue:
    response = Response(render_template("pages/offline.html"))
    response.headers[KEEP_FOR] = "anybody"  # by which the worker knows it from the page of a portal
    pack(response)
    return response


def outbox_address() -> str:
    return f"{request.script_root}/outbox"
