"""Headers on every response, errors and redirects too: nothing inline, nothing from elsewhere, nothing kept."""

from __future__ import annotations

from flask import Flask, Response, request
from secure import (
    ContentSecurityPolicy,
    CrossOriginOpenerPolicy,
    CrossOriginResourcePolicy,
    PermissionsPolicy,
    ReferrerPolicy,
    Secure,
    StrictTransportSecurity,
    XContentTypeOptions,
    XFrameOptions,
)
from werkzeug.middleware.proxy_fix import ProxyFix

from counseling.config import Config

SELF = "'self'"
READS_CARDS = ("station", "doses")  # blueprints whose pages may open the camera, at a tap
YEAR_SECONDS = 31_536_000
CLOSED = (
    "accelerometer", "autoplay", "browsing-topics", "display-capture", "encrypted-media", "fullscreen", "geolocation",
    "gyroscope", "magnetometer", "microphone", "midi", "payment", "publickey-credentials-get", "screen-wake-lock",
    "sync-xhr", "usb", "xr-spatial-tracking",
)  # fmt: skip


def init_app(app: Flask, config: Config) -> None:
    fixed, with_camera = security_headers(), security_headers(camera=True)
    if config.trusted_proxies:
        hops = config.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]  # as Flask documents it

    @app.after_request
    def add_headers(response: Response) -> Response:
        chosen = with_camera if request.blueprint in READS_CARDS else fixed
        for name, value in chosen.items():
            response.headers[name] = value
        response.headers.setdefault("Cache-Control", "no-store")
        if request.endpoint != "static":  # the same file for everybody: a browser need not ask again after signing in
            response.vary.add("HX-Request")
            response.vary.add("Cookie")
        return response


def security_headers(*, camera: bool = False) -> dict[str, str]:
    policy = (
        ContentSecurityPolicy()
        .default_src("'none'")
        .script_src(SELF)
        .style_src(SELF)
        .img_src(SELF)
        .font_src(SELF)
        .connect_src(SELF)
        .manifest_src(SELF)
        .worker_src(SELF)
        .form_action(SELF)
        .base_uri("'none'")
        .frame_ancestors("'none'")
    )
    permissions = PermissionsPolicy().add_directive("camera", *(("self",) if camera else ()))
    for feature in CLOSED:
        permissions = permissions.add_directive(feature)
    chosen = Secure(
        csp=policy,
        hsts=StrictTransportSecurity().max_age(YEAR_SECONDS).include_subdomains(),
        xcto=XContentTypeOptions().nosniff(),
        xfo=XFrameOptions().deny(),
        referrer=ReferrerPolicy().same_origin(),  # a form check needs the referrer within the site
        coop=CrossOriginOpenerPolicy().same_origin(),
        corp=CrossOriginResourcePolicy().same_origin(),
        permissions=permissions,
    )
    return dict(chosen.headers)
