"""Somebody who reads English: what is kept for the time without a line is so too, dates as on every other page."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.phone.line import Line
from tests.phone.taps import comes_true, log
from tests.support.browser import reach

SPEAKS = """async (tongue) => {
  const kept = (await caches.keys()).find((name) => name.startsWith("kept-"));
  const [list, aid, plain] = await Promise.all([
    kept && (await caches.open(kept)).match("/outreach/"), kept && (await caches.open(kept)).match("/outreach/danger/"),
    (await caches.open("files")).match("/offline"),
  ]);
  const texts = await Promise.all([list, aid, plain].map((page) => page?.text()));
  return texts.every((text) => text?.includes(`<html lang="${tongue}"`));
}"""


def change_language(page: Page, tongue: str) -> None:
    page.locator(".account summary").tap()
    page.locator(f".language button[lang={tongue}]").tap()
    expect(page.locator("html")).to_have_attribute("lang", tongue)
    reach(page, "**/outreach/")


@pytest.mark.parametrize("address", ["danger/", "month"], ids=["what to do in danger", "no line"])
def test_without_a_line_pages_are_in_the_language_that_was_chosen(phone: Page, line: Line, address: str) -> None:
    for tongue in ("en", "vi"):
        line.up()
        phone.goto(f"{line.url}/outreach/")
        change_language(phone, tongue)
        comes_true(phone, SPEAKS, tongue)
        line.down()
        phone.goto(f"{line.url}/outreach/{address}")
        expect(phone.locator("html")).to_have_attribute("lang", tongue)


def test_a_copy_offers_no_other_language(phone: Page, line: Line) -> None:
    """It needs a line: without one the browser's own page of an error would stand there."""
    line.down()
    phone.reload()
    expect(phone.locator("#as-of")).to_be_visible()
    phone.locator(".account summary").tap()
    expect(phone.locator(".account form[data-leaves]")).to_be_visible()
    expect(phone.locator(".language")).to_be_hidden()


def test_the_day_stands_before_the_month(phone: Page, line: Line) -> None:
    change_language(phone, "en")
    comes_true(phone, SPEAKS, "en")
    line.down()
    log(phone, "Met, well")
    day = phone.evaluate(
        """() => new Promise((done) => {
          const opening = indexedDB.open("outbox");
          opening.onsuccess = () => {
            const tx = opening.result.transaction("entries", "readwrite"), store = tx.objectStore("entries");
            store.getAll().onsuccess = (event) => {
              const [entry] = event.target.result;
              entry.at -= 3 * 86400000;
              store.put(entry);
              const at = new Date(entry.at), two = (n) => String(n).padStart(2, "0");
              tx.oncomplete = () => { opening.result.close(); done(`${two(at.getDate())}/${two(at.getMonth() + 1)}`); };
            };
          };
        })"""
    )
    phone.reload()
    expect(phone.locator("#done-here .why")).to_contain_text(f"· {day}, ")
    expect(phone.locator("#done-here .why")).not_to_contain_text("M")  # neither AM nor PM
