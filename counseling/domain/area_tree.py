"""The tree of areas: a province, areas that it draws itself to any depth, communes as its leaves."""

from collections.abc import Mapping

from counseling.domain.refusal import Refusal

HOLDS_OTHERS = frozenset({"province", "drawn"})


def ensure_may_move(area_id: int, kind: str, to_id: int, to_kind: str, parents: Mapping[int, int | None]) -> None:
    """Refuse to put an area under another one: area_stays, parent_is_leaf, area_under_itself, other_province.

    `parents` is the whole tree, id to parent's id.
    """
    if kind == "province":
        raise Refusal("area_stays")
    if to_kind not in HOLDS_OTHERS:
        raise Refusal("parent_is_leaf")
    if area_id in path_up(to_id, parents):
        raise Refusal("area_under_itself")
    if path_up(area_id, parents)[-1] != path_up(to_id, parents)[-1]:
        raise Refusal("other_province")


def path_up(area_id: int, parents: Mapping[int, int | None]) -> list[int]:
    """The area, its parent and so on up to the root; a tree that bends back on itself ends where it does."""
    path = [area_id]
    while (parent := parents.get(path[-1])) is not None and parent not in path:
        path.append(parent)
    return path
