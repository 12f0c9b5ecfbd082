"""Every setting in one frozen object; a bad one stops the start with one sentence that names it."""

from __future__ import annotations

import base64
import binascii
import os
import secrets
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from counseling.envelopes import is_scalar
from counseling.gateway_settings import BadSetting, read_smsgate, read_twilio
from counseling.sms.accounts import SmsGateAccount, TwilioAccount

T = TypeVar("T")
LOOPBACK = ("127.0.0.1", "localhost", "::1")
GATEWAYS = ("simulator", "smsgate", "twilio")
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
KEY_BYTES = 32
VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")


class BadConfiguration(SystemExit):
    """The sentence is what the person who starts the program reads; nothing else is printed."""


@dataclass(frozen=True)
class Config:
    instance: Path
    database_url: str = field(repr=False)  # of a server: with its password
    database_key: bytes | None = field(repr=False)
    secret_key: str = field(repr=False)
    data_keys: tuple[bytes, ...] = field(repr=False)
    backup_key: bytes = field(repr=False)
    outbox_keys: tuple[bytes, ...] = field(repr=False)  # private halves that open what phones have sealed
    timezone: ZoneInfo = VIETNAM
    demo: bool = False
    demo_now: datetime | None = None
    host: str = "127.0.0.1"
    port: int = 8000
    public_url: str | None = None
    trusted_proxies: int = 0
    metrics_token: str | None = field(default=None, repr=False)
    log_level: str = "INFO"
    sms_gateway: str | None = None  # None: no text goes out, and pages say so
    smsgate: SmsGateAccount | None = None
    twilio: TwilioAccount | None = None
    is_practice: bool = False  # the application of the practice day: invented people in files of their own

    @property
    def is_embedded(self) -> bool:
        """Whether the database is the encrypted SQLite file that one process serves."""
        return self.database_url.startswith("sqlite")

    @property
    def gateway_names(self) -> tuple[str, ...]:
        """The gateways that have settings, the named one first; none where texts are off."""
        able = [name for name, account in (("smsgate", self.smsgate), ("twilio", self.twilio)) if account is not None]
        named = () if self.sms_gateway is None else (self.sms_gateway,)
        return tuple(dict.fromkeys((*named, *able)))

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Config:
        """Read the environment, then `config.toml` of the instance folder. Raises BadConfiguration."""
        return _Reader(environ).config()


class _Reader:
    def __init__(self, environ: Mapping[str, str]) -> None:
        default = Path(__file__).resolve().parent.parent / "instance"
        self.environ = environ
        self.instance = Path(environ.get("INSTANCE_PATH") or default)
        self.file = self._read_file(self.instance / "config.toml")
        self.demo = self.read("DEMO", _flag, False)

    def config(self) -> Config:
        url = self.read("DATABASE_URL", _database_url, f"sqlite:///{self.instance.resolve() / 'diem-tua.db'}")
        config = Config(
            instance=self.instance,
            database_url=url,
            database_key=self.secret("DATABASE_KEY", _hex_key) if url.startswith("sqlite") else None,
            secret_key=self.secret("SECRET_KEY", _long_secret),
            data_keys=self.secret("DATA_KEYS", _keys),
            backup_key=self.secret("BACKUP_KEY", _key),
            outbox_keys=self.secret("OUTBOX_KEYS", _scalars),
            timezone=self.read("TIMEZONE", ZoneInfo, VIETNAM),
            demo=self.demo,
            demo_now=self.read("DEMO_NOW", _instant, None),
            host=self.read("HOST", str, "127.0.0.1"),
            port=self.read("PORT", _port, 8000),
            public_url=self.read("PUBLIC_URL", _web_address, None),
            trusted_proxies=self.read("TRUSTED_PROXIES", _count, 0),
            metrics_token=self.read("METRICS_TOKEN", _long_secret, None),
            log_level=self.read("LOG_LEVEL", _log_level, "INFO"),
            # A demo must never text a real phone, and everybody else says by which way texts go out.
            sms_gateway=self.read("SMS_GATEWAY", _gateway, "simulator" if self.demo else None),
        )
        return _ensure_sound(self._with_gateways(config))

    def _with_gateways(self, config: Config) -> Config:
        try:
            twilio = read_twilio(self.text, config.public_url)
            return replace(config, smsgate=read_smsgate(self.text), twilio=twilio)
        except BadSetting as bad:
            raise BadConfiguration(str(bad)) from None

    def _read_file(self, path: Path) -> dict[str, str]:
        try:
            values = tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
            raise BadConfiguration("The file config.toml in the instance folder cannot be read as TOML.") from None
        return {name: str(int(value) if isinstance(value, bool) else value) for name, value in values.items()}

    def text(self, name: str) -> str | None:
        """The setting's text: NAME, else the content of the file that NAME_FILE names, else config.toml."""
        if self.environ.get(name):
            return self.environ[name].strip()
        path = self.environ.get(f"{name}_FILE") or self.file.get(f"{name}_FILE")
        if path:
            try:
                return Path(path).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError):
                raise BadConfiguration(f"{name}_FILE names a file that cannot be read.") from None
        return self.file.get(name) or None

    def read(self, name: str, parse: Callable[[str], T], default: T) -> T:
        text = self.text(name)
        return default if text is None else _parsed(name, parse, text)

    def secret(self, name: str, parse: Callable[[str], T]) -> T:
        text = self.text(name) or (self._demo_secret(name) if self.demo else None)
        if text is None:
            raise BadConfiguration(f"{name} is not set: the program does not start without this secret.")
        return _parsed(name, parse, text)

    def _demo_secret(self, name: str) -> str:
        """Made once and kept, so that a second `make run` opens the same demo database."""
        path = self.instance / "demo-keys" / name
        if not path.exists():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            raw = secrets.token_bytes(KEY_BYTES)
            text = raw.hex() if name in ("DATABASE_KEY", "SECRET_KEY") else base64.b64encode(raw).decode()
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(text)
        return path.read_text(encoding="utf-8").strip()


def _parsed(name: str, parse: Callable[[str], T], text: str) -> T:
    try:
        return parse(text)
    except (ValueError, KeyError, OSError, ArgumentError) as error:
        hint = str(error) if type(error) is ValueError else "it cannot be understood"
        raise BadConfiguration(f"{name} is not right: {hint}.") from None


def _flag(text: str) -> bool:
    if text not in ("0", "1"):
        raise ValueError("it must be 0 or 1")
    return text == "1"


def _hex_key(text: str) -> bytes:
    if len(text) != 2 * KEY_BYTES or not set(text.lower()) <= set("0123456789abcdef"):
        raise ValueError("it must be 64 hexadecimal digits (32 random bytes)")
    return bytes.fromhex(text)


def _key(text: str) -> bytes:
    try:
        raw = base64.b64decode(text, validate=True)
    except binascii.Error:
        raw = b""
    if len(raw) != KEY_BYTES:
        raise ValueError("each key must be 32 random bytes in base64")
    return raw


def _keys(text: str) -> tuple[bytes, ...]:
    keys = tuple(_key(part.strip()) for part in text.split(","))
    if len(set(keys)) != len(keys):
        raise ValueError("the same key stands there twice")
    return keys


def _scalars(text: str) -> tuple[bytes, ...]:
    keys = _keys(text)
    if not all(is_scalar(key) for key in keys):
        raise ValueError("each key must be a private key of P-256; take other random bytes")
    return keys


def _long_secret(text: str) -> str:
    if len(text) < KEY_BYTES:
        raise ValueError("it must have at least 32 characters")
    return text


def _database_url(text: str) -> str:
    try:
        url = make_url(text)
    except ValueError:  # it repeats what stands in the port's place: half a password in which an @ is not quoted
        raise ValueError("its port is no number; in a password @ is written as %40, and : as %3A") from None
    if url.get_backend_name() == "postgresql":
        return url.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
    if url.get_backend_name() == "sqlite" and url.database and url.database != ":memory:":
        return f"sqlite:///{Path(url.database).resolve()}"
    raise ValueError("it must begin with postgresql:// or sqlite:/// and name a database")


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError("it needs an offset, as in 2026-11-22T06:30+07:00")
    return instant


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise ValueError("it must be a whole number, 0 or more")
    return int(text)


def _port(text: str) -> int:
    port = _count(text)
    if not 0 < port < 65536:
        raise ValueError("it must be a number from 1 to 65535")
    return port


def _web_address(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/"):
        raise ValueError("it must be an address such as https://example.org")
    return text.rstrip("/")


def _log_level(text: str) -> str:
    if text.upper() not in LOG_LEVELS:
        raise ValueError(f"it must be one of {', '.join(LOG_LEVELS)}")
    return text.upper()


def _gateway(text: str) -> str:
    if text not in GATEWAYS:
        raise ValueError(f"this version knows only {', '.join(GATEWAYS)}")
    return text


def _ensure_sound(config: Config) -> Config:
    """What each setting may be only together with another."""
    if config.demo_now is not None and not config.demo:
        raise BadConfiguration("DEMO_NOW is for demo mode only: unset it, or set DEMO=1.")
    _ensure_gateways(config)
    https = (config.public_url or "").startswith("https://")
    if config.host not in LOOPBACK and not https:
        raise BadConfiguration("HOST is not a loopback address: set PUBLIC_URL to the https address people open.")
    return config


def _ensure_gateways(config: Config) -> None:
    """The gateway that is named has its settings, and what is invented never texts a real phone."""
    if config.demo:
        if config.sms_gateway != "simulator" or config.smsgate or config.twilio:
            raise BadConfiguration("In demo mode texts go to the simulator only: unset SMS_GATEWAY and its settings.")
        return
    if config.sms_gateway == "simulator":
        raise BadConfiguration("SMS_GATEWAY may be the simulator in demo mode only: unset it, and no text goes out.")
    if config.sms_gateway == "smsgate" and config.smsgate is None:
        raise BadConfiguration("SMSGATE_URL is not set: SMS_GATEWAY=smsgate needs it, and what belongs to it.")
    if config.sms_gateway == "twilio" and config.twilio is None:
        raise BadConfiguration("TWILIO_ACCOUNT_SID is not set: SMS_GATEWAY=twilio needs it, and what belongs to it.")
    if config.sms_gateway is None and (config.smsgate or config.twilio):
        raise BadConfiguration("SMS_GATEWAY is not set: say which of the gateways that have settings comes first.")
    if config.smsgate is not None and config.public_url is None:
        raise BadConfiguration("PUBLIC_URL is not set: the gateway has to know where it reports to.")
