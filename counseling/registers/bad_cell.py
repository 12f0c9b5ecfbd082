"""The one error of reading a cell."""


class BadCell(ValueError):  # noqa: N818 - named like Refusal and BadAmount: what was typed is bad, the program is not
    """A cell that cannot be used; `code` chooses the sentence, `choices` are the answers a person can pick from."""

    def __init__(self, code: str, choices: tuple[str, ...] = ()) -> None:
        super().__init__(code)
        self.code = code
        self.choices = choices
