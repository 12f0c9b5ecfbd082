"""What people send us stays in memory: a register in a temporary file would lie readable on the disk."""

from __future__ import annotations

from io import BytesIO
from typing import IO

from flask import Request


class RequestInMemory(Request):
    """Bounded by MAX_CONTENT_LENGTH; werkzeug would write files over 500 kB to a temporary file."""

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        return BytesIO()
