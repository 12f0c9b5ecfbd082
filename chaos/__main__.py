"""`python -m chaos`: break the program on purpose, print the table, write instance/chaos.json.

TIER=smoke (a change waits for it), standard, nightly; SEED=, else one of the day's own; ONLY=name for one campaign.
"""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Callable
from pathlib import Path

from chaos.gateway import run_campaign as run_gateway
from chaos.outbox import run_campaign as run_outbox
from chaos.outcomes import Outcome, table, write_json
from chaos.sender import run_campaign as run_sender
from chaos.webhooks import run_campaign as run_webhooks

RESULTS = Path(__file__).resolve().parent.parent / "instance" / "chaos.json"
# Campaign → (faults, seed) → what became of its promises.
CAMPAIGNS: dict[str, Callable[[int, int], list[Outcome]]] = {
    "sender": run_sender,
    "gateway": run_gateway,
    "webhooks": run_webhooks,
    "outbox": run_outbox,
}
TIERS = {"taste": 30, "smoke": 500, "standard": 5_000, "nightly": 50_000}  # faults of each campaign


def main() -> int:
    tier, only = os.environ.get("TIER") or "smoke", os.environ.get("ONLY")
    seed_text = os.environ.get("SEED") or str(secrets.randbelow(1_000_000))
    if tier not in TIERS or (only and only not in CAMPAIGNS) or not seed_text.isdecimal():
        print(f"TIER is one of {', '.join(TIERS)}, ONLY of {', '.join(CAMPAIGNS)}, SEED a number.", file=sys.stderr)
        return 2
    seed = int(seed_text)
    outcomes: list[Outcome] = []
    for name in [only] if only else CAMPAIGNS:
        print(f"{name} … ({TIERS[tier]} faults, SEED={seed})", file=sys.stderr, flush=True)
        outcomes += CAMPAIGNS[name](TIERS[tier], seed)
    print(table(outcomes))
    write_json(Path(os.environ.get("CHAOS_RESULTS") or RESULTS), outcomes)
    return 0 if all(outcome.holds for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
