"""What `make chaos ONLY=outbox` changes in the phone's script for its controls has to be there to be changed."""

from __future__ import annotations

import pytest

from chaos.outbox import CONTROLS
from chaos.outbox_line import PATIENCE, Change
from counseling.static_files import FOLDER


@pytest.mark.parametrize("change", [PATIENCE, *(change for control in CONTROLS.values() for change in control.changes)])
def test_a_control_of_the_campaign_finds_what_it_breaks(change: Change) -> None:
    assert (FOLDER / "outbox.js").read_text(encoding="utf-8").count(change[0]) == 1
