"""How large a demo is unless somebody says otherwise, and how small it can be."""

PATIENTS, DAYS, SEED = 300, 60, 2026
FEWEST, SHORTEST = 20, 14  # below, the stories have no room
