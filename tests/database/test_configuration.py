"""A bad start ends in one sentence that names the setting."""

from pathlib import Path

import pytest

from counseling import create_app, database
from counseling.config import BadConfiguration, Config
from tests.support.settings import environment, invented_key


def settings(tmp_path: Path, **changes: str | None) -> dict[str, str]:
    sound = environment(f"sqlite:///{tmp_path / 'x.db'}", tmp_path / "instance")
    merged: dict[str, str | None] = {**sound, **changes}
    return {name: value for name, value in merged.items() if value is not None}


def sentence(environ: dict[str, str]) -> str:
    with pytest.raises(BadConfiguration) as error:
        Config.from_environment(environ)
    said = str(error.value)
    assert "\n" not in said
    assert said.endswith(".")
    return said


@pytest.mark.parametrize("name", ["DATABASE_KEY", "SECRET_KEY", "DATA_KEYS", "BACKUP_KEY", "OUTBOX_KEYS"])
def test_a_missing_secret_is_named(tmp_path: Path, name: str) -> None:
    assert sentence(settings(tmp_path, **{name: None})).startswith(f"{name} is not set")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://x/y"),
        ("DATABASE_URL", "sqlite://"),
        ("DATABASE_URL", "nonsense"),
        ("DATABASE_URL", "postgresql://tua:canary@and:canary@db.example/tua"),  # an @ that is not quoted
        ("DATABASE_KEY", "1f" * 31),
        ("DATABASE_KEY", "zz" * 32),
        ("SECRET_KEY", "short"),
        ("DATA_KEYS", "AAAA"),
        ("DATA_KEYS", f"{invented_key(1)},{invented_key(1)}"),
        ("DATA_KEYS", f"{invented_key(1)},"),
        ("BACKUP_KEY", "not base64!"),
        ("OUTBOX_KEYS", "AAAA"),
        ("OUTBOX_KEYS", invented_key(0)),  # nothing is sealed to no key
        ("OUTBOX_KEYS", invented_key(255)),  # beyond the order of the curve
        ("TIMEZONE", "Asia/Nowhere"),
        ("TIMEZONE", "../etc/passwd"),
        ("DEMO", "yes"),
        ("DEMO_NOW", "2026-11-22T06:30"),
        ("DEMO_NOW", "tomorrow"),
        ("DEMO_NOW", "2026-11-22T06:30+07:00"),  # outside demo mode
        ("PORT", "0"),
        ("PORT", "65536"),
        ("PORT", "８０００"),
        ("PUBLIC_URL", "ftp://example.org"),
        ("PUBLIC_URL", "https://example.org/path"),
        ("TRUSTED_PROXIES", "-1"),
        ("METRICS_TOKEN", "short"),
        ("LOG_LEVEL", "LOUD"),
        ("SMS_GATEWAY", "simulator"),  # outside demo mode
        ("SMS_GATEWAY", "pigeon"),
        ("HOST", "0.0.0.0"),  # without an https PUBLIC_URL
    ],
)
def test_a_malformed_setting_is_named_and_no_secret_is_repeated(tmp_path: Path, name: str, value: str) -> None:
    said = sentence(settings(tmp_path, **{name: value}))
    assert said.startswith(name)
    assert not (name.endswith(("_KEY", "_KEYS", "_TOKEN")) and value in said)
    assert "canary" not in said


def test_a_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text(f"{invented_key(5)}\n", encoding="ascii")
    found = Config.from_environment(settings(tmp_path, BACKUP_KEY=None, BACKUP_KEY_FILE=str(path)))
    assert found.backup_key == bytes([5]) * 32
    assert "BACKUP_KEY_FILE" in sentence(settings(tmp_path, BACKUP_KEY=None, BACKUP_KEY_FILE=str(tmp_path / "none")))


def test_config_toml_is_read_and_the_environment_wins(tmp_path: Path) -> None:
    folder = tmp_path / "instance"
    folder.mkdir()
    (folder / "config.toml").write_text('PORT = 8100\nLOG_LEVEL = "ERROR"\n', encoding="utf-8")
    found = Config.from_environment(settings(tmp_path, LOG_LEVEL="DEBUG"))
    assert (found.port, found.log_level) == (8100, "DEBUG")
    (folder / "config.toml").write_text("PORT = = 1", encoding="utf-8")
    assert "config.toml" in sentence(settings(tmp_path))


def test_secrets_do_not_stand_in_the_configurations_text(tmp_path: Path) -> None:
    environ = settings(tmp_path)
    shown = repr(Config.from_environment(environ))
    for name in ("DATABASE_KEY", "SECRET_KEY", "DATA_KEYS", "BACKUP_KEY", "OUTBOX_KEYS"):
        assert environ[name] not in shown
    assert "\\x01" not in shown
    url = "postgresql://tua:canary@db.example/tua"
    assert "canary" not in repr(Config.from_environment(settings(tmp_path, DATABASE_URL=url)))


def test_demo_secrets_are_made_once_and_for_this_account_only(tmp_path: Path) -> None:
    environ = {"INSTANCE_PATH": str(tmp_path / "demo"), "DEMO": "1"}
    first, second = Config.from_environment(environ), Config.from_environment(environ)
    assert (first.data_keys, first.secret_key) == (second.data_keys, second.secret_key)
    files = list((tmp_path / "demo" / "demo-keys").iterdir())
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}


def test_a_demo_texts_by_its_simulator_and_everybody_else_not_at_all_until_they_say_how(tmp_path: Path) -> None:
    assert Config.from_environment(settings(tmp_path)).sms_gateway is None
    assert Config.from_environment(settings(tmp_path, DEMO="1")).sms_gateway == "simulator"
    assert sentence(settings(tmp_path, DEMO="1", SMS_GATEWAY="kannel")).startswith("SMS_GATEWAY is not right")


def test_an_old_sqlite_library_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = Config.from_environment(settings(tmp_path))
    monkeypatch.setattr(database.sqlcipher, "sqlite_version_info", (3, 51, 2))
    with pytest.raises(BadConfiguration, match="too old"):
        create_app(config)
