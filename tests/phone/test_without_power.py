"""A battery that runs out, and an app that is killed while it saves: what was called saved is there, and whole."""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error, expect

from counseling import static_files
from tests.phone.line import Line
from tests.phone.receiver import Receiver
from tests.phone.taps import NAME, entries, log, open_phone
from tests.support.browser import chromium, main_process, own_browser
from tests.support.treatment import Person

KILLS = 6


def watched(folder: Path) -> tuple[Path, Path]:
    """Chromium under strace, and where strace writes down what is asked to be on the disk, before the asker goes on."""
    said, program = folder / "synced.txt", folder / "chromium"
    traced = f"strace --seccomp-bpf -f -y -qq -e trace=fdatasync,fsync -e signal=none -o {said}"
    program.write_text(f'#!/bin/sh\nexec {traced} {chromium()} "$@"\n')
    program.chmod(0o700)
    return program, said


def synced(said: Path) -> int:
    """How often a log of IndexedDB has been written through to the disk."""
    return sum("indexeddb" in row and ".log" in row for row in said.read_text(errors="replace").splitlines())


@pytest.mark.parametrize(("durability", "is_on_disk"), [("strict", True), ("relaxed", False)])
def test_a_visit_is_on_the_disk_before_it_is_called_saved(
    browser: Browser, tmp_path: Path, line: Line, receiver: Receiver, person: Person,
    monkeypatch: pytest.MonkeyPatch, durability: str, is_on_disk: bool,
) -> None:  # fmt: skip
    """What a kill leaves alone, the system's memory, a battery does not. `relaxed` is the build that must be caught."""
    real = static_files.asset
    script = real("outbox.js")
    assert script is not None and script.plain.count(b'? "strict"') == 1
    weaker = replace(script, plain=script.plain.replace(b'? "strict"', f'? "{durability}"'.encode()), packed=None)
    monkeypatch.setattr(static_files, "asset", lambda name: weaker if name == "outbox.js" else real(name))
    program, said = watched(tmp_path)
    with own_browser(browser.browser_type, tmp_path / "phone", executable_path=program) as context:
        page = context.pages[0]
        open_phone(page, line.url)
        line.down()
        page.locator("#work .row a", has_text=NAME).first.tap()
        before = synced(said)
        page.get_by_role("button", name="Gặp, ổn").tap()
        expect(page.locator("#undo")).to_be_visible()
        assert (synced(said) > before) is is_on_disk


def test_killed_at_any_moment_of_saving_a_visit_is_whole_or_was_not_called_saved(
    browser: Browser, tmp_path: Path, line: Line, receiver: Receiver, person: Person
) -> None:
    profile, told = tmp_path / "phone", 0
    took = before = 0.0
    for kill in range(KILLS + 1):
        with own_browser(browser.browser_type, profile) as context:
            page = context.pages[0]
            page.set_default_timeout(15_000)
            if kill == 0:
                open_phone(page, line.url)
                line.down()
                started = time.monotonic()
                log(page)
                took, told = time.monotonic() - started, 1
                continue
            page.goto(f"{line.url}/outreach/")
            found = len(entries(page))
            assert before <= found <= before + 1 and found >= told
            told = before = found
            # Until the page has counted what is kept, the row of the list is still in sight, and goes under the finger.
            # Each is a correction of the one before, of which the last word alone stands there.
            expect(page.locator("#done-here .row")).to_have_count(1)
            page.locator("#work .row a:visible", has_text=NAME).first.tap()
            hand = threading.Timer(took * kill / KILLS, os.kill, (main_process(page), signal.SIGKILL))
            hand.start()
            with suppress(Error):
                page.evaluate("() => void document.querySelector('#visit-form [value=well]').click()")
                page.wait_for_selector("#undo:not([hidden])")
                told += 1
            hand.join()
    with own_browser(browser.browser_type, profile) as context:
        page = context.pages[0]
        page.goto(f"{line.url}/outreach/")
        assert len(entries(page)) >= told
        line.up()
        page.evaluate("() => Outbox.flush(true)")
        assert entries(page) == []
    assert len(receiver.stored) >= told
    assert {receiver.opened(entry)["outcome"] for entry in receiver.stored.values()} == {"well"}
