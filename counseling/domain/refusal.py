"""What the rules do not allow, as a code and the facts behind it.

The sentence a person reads lives in a template, in their language; here is only the code that chooses it.
"""


class Refusal(Exception):  # noqa: N818 - the house word (house.md); it is an answer, not an accident
    """The rules do not allow this.

    `code` names the rule in snake_case and is part of the contract with the templates; `facts` are the values the
    sentence needs (days, doses in tenths of mg, names of fields), never ready-made text.
    """

    def __init__(self, code: str, **facts: object) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts
