"""The browser somebody sits at: its cookie, and a short name to recognise it by in a list."""

from __future__ import annotations

from flask import Response, request

COOKIE = "__Host-device"
YEAR_SECONDS = 365 * 24 * 3600
# In this order: Edge and Opera also call themselves Chrome, Chrome also calls itself Safari.
BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("coc_coc", "Cốc Cốc"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "Mac"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def device_token() -> str | None:
    return request.cookies.get(COOKIE)


def remember_device(response: Response, token: str) -> None:
    """Keep the device's token in this browser for a year; it signs nobody in."""
    response.set_cookie(COOKIE, token, max_age=YEAR_SECONDS, path="/", secure=True, httponly=True, samesite="Lax")


def device_label() -> str:
    """Browser and system, as in "Chrome · Android"; names of products are the same in every language."""
    agent = request.user_agent.string
    parts = [_first(agent, BROWSERS), _first(agent, SYSTEMS)]
    return " · ".join(part for part in parts if part) or "?"


def _first(agent: str, names: tuple[tuple[str, str], ...]) -> str:
    return next((name for mark, name in names if mark in agent), "")
