"""A register of 20,000 people checked and applied by the serving process, while another window goes on dosing."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from uuid import uuid4

from python_calamine import CalamineWorkbook
from sqlalchemy import func, select

from benchmarks.client import Answer, Client
from benchmarks.figures import Figure, percentile
from benchmarks.pace import at_fixed_moments, ensure
from benchmarks.pages import resident_mib
from benchmarks.people import DONG_KINH, DOSES, FAMILY, GIVEN, LISTED, LISTS, MIDDLE, TODAY
from benchmarks.requests import dose_forms
from benchmarks.workshop import KINDS, Installation, Workshop, open_session, pid_of, signed_in
from counseling.models.patients import TreatmentFile
from tests.registers.sheets import HEADING, person, workbook
from tests.support.server import LiveServer

ROWS = 20_000
GOAL_SECONDS, GOAL_MIB = 60.0, 300.0
DOSES_PER_SECOND, DOSES_SENT = 4, 600
LONGEST_SECONDS = 900.0
POLL_SECONDS = 0.5


def measure_import(workshop: Workshop) -> Iterator[Figure]:
    file = register()
    floor = reading_seconds(file)
    for kind in KINDS:
        installation = workshop.installation(kind)
        with workshop.product(installation) as server:
            seconds, doses = beside_dosing(server, installation, file)
            peak = resident_mib(pid_of(server), "VmHWM")
        ensure(people_at_the_station(installation), LISTED + ROWS)
        errors = sum(time == float("inf") for time in doses)
        yield Figure(f"import {kind}", seconds, "s", floor, f"< {GOAL_SECONDS:.0f} s", seconds < GOAL_SECONDS)
        yield Figure(f"import {kind} peak", peak, "MiB", None, f"< {GOAL_MIB:.0f} MiB", peak < GOAL_MIB)
        yield Figure(f"import {kind} dose p99", percentile(doses, 99), "ms", None, "no error", not errors)


def register() -> bytes:
    return workbook(
        HEADING, *(person(number, name=name_of(number), commune="Xã Cao Lộc") for number in range(1, ROWS + 1))
    )


def name_of(number: int) -> str:
    """A name that nobody else of the file has: two people of one name and year would be asked about."""
    words = []
    for choice in (FAMILY, MIDDLE, GIVEN, GIVEN, MIDDLE):
        number, at = divmod(number, len(choice))
        words.append(choice[at])
    return " ".join(words)


def reading_seconds(file: bytes) -> float:
    """What reading the cells alone takes: no import of a spreadsheet is faster."""
    start = time.perf_counter()
    CalamineWorkbook.from_filelike(io.BytesIO(file)).get_sheet_by_index(0).to_python()
    return time.perf_counter() - start


def beside_dosing(server: LiveServer, installation: Installation, file: bytes) -> tuple[float, list[float]]:
    """Seconds from the upload to the end, and the milliseconds of the doses that were recorded meanwhile."""
    clerk, desk = signed_in(server, LISTS), signed_in(server, DOSES)
    forms = list(dose_forms(desk, installation.people.dosed[:DOSES_SENT]))
    done = threading.Event()
    times: list[float] = []

    def dose() -> None:
        while forms and not done.is_set():
            times.extend(at_fixed_moments([desk], [[forms.pop() for _ in forms[:DOSES_PER_SECOND]]], DOSES_PER_SECOND))

    window = threading.Thread(target=dose)
    window.start()
    try:
        seconds = import_register(clerk, file)
    finally:
        done.set()
        window.join()
    return seconds, times


def import_register(clerk: Client, file: bytes) -> float:
    start = time.perf_counter()
    fields = clerk.get("/register/").hidden_fields()
    wanted = {name: fields[name] for name in ("csrf_token", "request_key")}
    address = uploaded(clerk, {**wanted, "station": str(DONG_KINH)}, file)
    wait_for(clerk, address)
    yesterday = (TODAY - timedelta(days=1)).strftime("%d/%m/%Y")
    answer = clerk.post(f"{address}apply", {"csrf_token": wanted["csrf_token"], "elsewhere_until": yesterday})
    ensure(answer.status, 303)
    wait_for(clerk, address)
    return time.perf_counter() - start


def uploaded(clerk: Client, fields: dict[str, str], file: bytes) -> str:
    """Send the file as a browser does; gives the address of the import's page."""
    boundary = uuid4().hex
    parts = [f'--{boundary}\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n' for n, v in fields.items()]
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="register.xlsx"\r\n\r\n'
    body = "".join([*parts, head]).encode() + file + f"\r\n--{boundary}--\r\n".encode()
    answer = clerk.send(clerk.request("POST", "/register/", body, f"multipart/form-data; boundary={boundary}"))
    ensure(answer.status, 303)
    return answer.header("Location")


def wait_for(clerk: Client, address: str) -> Answer:
    """Ask as the progress bar does until there is another page to go to."""
    end = time.perf_counter() + LONGEST_SECONDS
    while (answer := clerk.get(f"{address}progress")).body:
        ensure(answer.status, 200)
        if time.perf_counter() > end:
            raise TimeoutError("the import did not end")
        time.sleep(POLL_SECONDS)
    return answer


def people_at_the_station(installation: Installation) -> int:
    query = select(func.count()).select_from(TreatmentFile).where(TreatmentFile.station_id == DONG_KINH)
    with open_session(installation.url, installation.folder) as session:
        return int(session.execute(query).scalar_one())
