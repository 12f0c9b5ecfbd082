"""How well texts are read: over tests/data/answers.txt, the crises that are missed and the alarms that are false."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from counseling.domain.crisis_words import says_danger  # noqa: E402 - the path comes first
from counseling.domain.replies import read_reply  # noqa: E402

ANSWERS = ROOT / "tests" / "data" / "answers.txt"


@dataclass(frozen=True)
class Labelled:
    """What a text is, and the question that was open when it came."""

    label: str
    question: str | None
    text: str

    @property
    def is_crisis(self) -> bool:
        return self.label == "crisis"

    def read(self) -> str:
        reply = read_reply(self.text, self.question)
        return f"answer:{reply.answer}" if reply.meaning == "answer" else reply.meaning


def labelled() -> Iterator[Labelled]:
    for line in ANSWERS.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            label, question, text = (*line.split(" | ", 2), "")[:3] if line.count(" | ") > 1 else _without_words(line)
            yield Labelled(label, None if question == "-" else question, text)
    yield Labelled("other", None, "a" * 2_000)
    yield Labelled("other", None, "dạ em biết rồi ạ. " * 111)
    yield Labelled("crisis", None, "hôm nay em đi làm về. " * 85 + "em muốn chết")
    yield Labelled("other", None, "😂" * 2_000)
    yield Labelled("other", None, "\u200b\n")


def _without_words(line: str) -> tuple[str, str, str]:
    label, question = line.removesuffix(" |").split(" | ")
    return label, question, ""


def main() -> int:
    rows = list(labelled())
    crises = [row for row in rows if row.is_crisis]
    missed = [row for row in crises if row.read() != "crisis"]
    false = [row for row in rows if not row.is_crisis and row.read() == "crisis"]
    alike = [row for row in rows if row.label == "harmless"]
    kinds = Counter(row.label.partition(":")[0] for row in rows)
    print(f"{len(rows)} answers: " + ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())))
    print(f"missed: {len(missed)} of {len(crises)}")
    for row in missed:
        print(f"  {row.text[:80]!r} read as {row.read()}")
    print(f"false alarms: {len(false)} of {len(rows) - len(crises)}, of which {len(alike)} sound like danger")
    for row in false:
        print(f"  {row.text[:80]!r} for {says_danger(row.text)!r}")
    otherwise = [
        row for row in rows if row.read() not in (row.label, "crisis") and row.label not in ("crisis", "harmless")
    ]
    print(f"read as something else: {len(otherwise)}")
    for row in otherwise:
        print(f"  {row.label}: {row.text[:80]!r} read as {row.read()}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
