"""Which passwords are good enough. Length first; then only what a guesser tries first is refused."""

from counseling.domain.common_passwords import COMMON_PASSWORDS
from counseling.domain.names import fold
from counseling.domain.refusal import Refusal

SHORTEST = 8
# Long enough for any sentence; a bound because hashing costs time for every byte somebody sends.
LONGEST = 200
_FEWEST_DIFFERENT = 3


def ensure_good_password(password: str, username: str) -> None:
    """Refuse a password with password_too_short, password_too_long, password_is_username or password_common.

    Lengths count characters. Capitals, marks and spaces make no common password a rare one.
    """
    if len(password) < SHORTEST:
        raise Refusal("password_too_short", shortest=SHORTEST)
    if len(password) > LONGEST:
        raise Refusal("password_too_long", longest=LONGEST)
    if password.casefold().strip() == username.casefold().strip():
        raise Refusal("password_is_username")
    if _is_common(password):
        raise Refusal("password_common")


def _is_common(password: str) -> bool:
    typed = password.casefold()
    squeezed = fold(password).replace(" ", "")
    return typed in COMMON_PASSWORDS or squeezed in COMMON_PASSWORDS or len(set(typed)) < _FEWEST_DIFFERENT
