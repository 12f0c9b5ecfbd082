"""Templates show values: nothing inline, no decisions by role, every form with its token, every page with its title."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from jinja2 import Environment, nodes
from jinja2.meta import find_undeclared_variables

from counseling.permissions import RoleKind, Side
from tests.house.sources import PACKAGE, calls, dotted, imports, modules, of_layer, templates

HTML = [name for name in templates() if name.endswith(".html")]
PAGES = [name for name in HTML if name.startswith("pages/") and "/_" not in name]
# What may pass through unescaped, and why. Template → filter or function.
UNESCAPED: dict[str, str] = {}
# Modules that may make Markup: what goes in is made by the program itself.
MAKES_MARKUP = {
    "counseling.routes.patients.cards": "drawings of card codes (digits and capitals) by segno",
    "counseling.routes.second_step": "drawings of set-up addresses by segno: paths only",
}
SWAPS = ("hx-get", "hx-post", "hx-put", "hx-patch", "hx-delete")
EVALUATED = ("hx-on", "hx-vars", "data-hx-on", "x-on", "@")

_environment = Environment(autoescape=True)
_JINJA = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)


class Tags(HTMLParser):
    """All start tags of a template whose Jinja parts were taken out."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[int, str, dict[str, str | None]]] = []
        self.feed(_JINJA.sub(without_jinja, text))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((self.getpos()[0], tag, dict(attrs)))


def without_jinja(found: re.Match[str]) -> str:
    """Expressions become a word, statements and comments a space; lines keep their numbers."""
    word = "JINJA" if found.group().startswith("{{") else " "
    return word + "\n" * found.group().count("\n")


def tags_of(name: str) -> Iterator[tuple[str, str, dict[str, str | None]]]:
    for line, tag, attributes in Tags(templates()[name]).tags:
        yield f"{name}:{line} <{tag}>", tag, attributes


def expressions(name: str, kind: type[nodes.Node]) -> Iterator[nodes.Node]:
    return _environment.parse(templates()[name]).find_all(kind)  # type: ignore[arg-type]


def test_nothing_is_inline() -> None:
    wrong = [
        f"{where} {attribute}"
        for name in HTML
        for where, _, attributes in tags_of(name)
        for attribute in attributes
        if attribute == "style" or attribute.startswith(("on", *EVALUATED))
    ]
    wrong += [where for name in HTML for where, tag, _ in tags_of(name) if tag == "style"]
    wrong += [where for name in HTML for where, tag, a in tags_of(name) if tag == "script" and "src" not in a]
    assert not wrong, "\n".join(wrong)


def test_nothing_inline_comes_in_through_a_macro() -> None:
    """ui.field(form.x, style=…) would become an attribute of the input."""
    wrong = [
        f"{name}:{call.lineno} {keyword.key}="
        for name in HTML
        for call in expressions(name, nodes.Call)
        for keyword in call.kwargs  # type: ignore[attr-defined]
        if keyword.key == "style" or re.match(r"on[a-z]|hx_?on", keyword.key)
    ]
    assert not wrong, "\n".join(wrong)


def test_everything_that_asks_by_htmx_says_where_the_answer_goes() -> None:
    wrong = [
        where
        for name in HTML
        for where, _, attributes in tags_of(name)
        if any(swap in attributes for swap in SWAPS) and not {"hx-target", "hx-swap"} <= attributes.keys()
    ]
    assert not wrong, "\n".join(wrong)


def test_htmx_is_never_asked_to_evaluate() -> None:
    """Filters in brackets and js: values are run by eval, which the content security policy forbids."""
    wrong = [
        f"{where} {attribute}"
        for name in HTML
        for where, _, attributes in tags_of(name)
        for attribute, value in attributes.items()
        if attribute.startswith("hx-")
        if (attribute == "hx-trigger" and "[" in (value or "")) or re.search(r"\b(js|javascript):", value or "")
    ]
    assert not wrong, "\n".join(wrong)


def test_nothing_comes_from_elsewhere() -> None:
    wrong = [
        f"{where} {attribute}"
        for name in HTML
        for where, tag, attributes in tags_of(name)
        for attribute, value in attributes.items()
        if attribute in ("src", "href", "action", "formaction", "poster", "data")
        if re.match(r"(?i)\s*(https?:|//|javascript:|data:|vbscript:)", value or "")
    ]
    assert not wrong, "\n".join(wrong)


def test_addresses_are_built_by_the_program() -> None:
    """Written out, an address leads out of the practice day, which lies under a prefix, and into the real pages."""
    wrong = [
        f"{where} {attribute}={value}"
        for name in HTML
        for where, _, attributes in tags_of(name)
        for attribute, value in attributes.items()
        if attribute in ("href", "action", "formaction", "src", *SWAPS) and (value or "").startswith("/")
    ]
    wrong += [
        f"{name}:{constant.lineno} {constant.value!r}"
        for name in HTML
        for constant in expressions(name, nodes.Const)
        if isinstance(constant.value, str) and re.fullmatch(r"/[\w/.-]*", constant.value)  # type: ignore[attr-defined]
    ]
    wrong += [
        f"{module.at(call)} redirect({ast.unparse(argument)})"
        for module in of_layer("routes")
        for call in calls(module.tree)
        if dotted(call.func) in ("redirect", "flask.redirect")
        for argument in call.args[:1]
        if isinstance(argument, ast.Constant)
    ]
    assert not wrong, "\n".join(wrong)


def test_every_form_that_posts_holds_the_form_token() -> None:
    wrong = []
    for name in HTML:
        text = templates()[name]
        for form in re.finditer(r"<form\b[^>]*\bmethod=[\"']post[\"'][\s\S]*?</form>", text, re.IGNORECASE):
            if "csrf()" not in form.group() and 'name="csrf_token"' not in form.group():
                wrong.append(f"{name}:{text.count(chr(10), 0, form.start()) + 1}")
    assert not wrong, "\n".join(wrong)


def test_forms_say_how_they_are_sent() -> None:
    """A form without a method sends by GET: what is typed would stand in an address."""
    wrong = [
        where for name in HTML for where, tag, a in tags_of(name) if tag == "form" and a.get("method") in (None, "get")
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", PAGES)
def test_every_page_has_a_title_of_its_own(name: str) -> None:
    blocks = {block.name: block for block in expressions(name, nodes.Block)}  # type: ignore[attr-defined]
    assert "title" in blocks, "no title block"
    assert any(True for _ in blocks["title"].find_all((nodes.Output,))), "an empty title"


def test_templates_never_decide_by_role() -> None:
    wrong = [
        f"{name}:{node.lineno} {node.node.name}.{node.attr}"  # type: ignore[attr-defined]
        for name in HTML
        for node in expressions(name, nodes.Getattr)
        if isinstance(node.node, nodes.Name)  # type: ignore[attr-defined]
        if node.node.name in ("viewer", "staff", "current_user") and node.attr in ("kind", "side", "role", "roles")  # type: ignore[attr-defined]
    ]
    # Pages of the administrator show roles as what is edited there; elsewhere comparing with one is a decision.
    roles = {role.value for role in (*RoleKind, *Side)} - {"support", "house"}
    wrong += [
        f"{name}:{compare.lineno} compares with {constant.value!r}"  # type: ignore[attr-defined]
        for name in HTML
        if not name.startswith("pages/admin/")
        for compare in expressions(name, nodes.Compare)
        for constant in compare.find_all(nodes.Const)
        if constant.value in roles
    ]
    assert not wrong, "\n".join(wrong)


def test_templates_never_ask_the_database() -> None:
    names = {"db", "session", "query", "select"}
    wrong = [
        f"{name}:{node.lineno} {node.name}"  # type: ignore[attr-defined]
        for name in HTML
        for node in expressions(name, nodes.Name)
        if node.name in names and node.ctx == "load"  # type: ignore[attr-defined]
    ]
    assert not wrong, "\n".join(wrong)


def test_nothing_passes_unescaped() -> None:
    wrong = [
        f"{name}:{node.lineno} |{node.name}"  # type: ignore[attr-defined]
        for name in HTML
        for node in expressions(name, nodes.Filter)
        if node.name in ("safe", "forceescape") and name not in UNESCAPED  # type: ignore[attr-defined]
    ]
    wrong += [name for name in HTML if re.search(r"\{%-?\s*autoescape\b", templates()[name])]
    assert not wrong, "\n".join(wrong)


def test_few_modules_make_markup() -> None:
    made = {module.name for module in modules() for _, name in imports(module) if name.endswith(".Markup")}
    assert made <= MAKES_MARKUP.keys()


def test_attributes_are_always_quoted() -> None:
    """An unquoted attribute with a value in it ends at the first space of that value, whatever is escaped."""
    wrong = [
        f"{name}: {found.group()}"
        for name in HTML
        for found in re.finditer(r"<[a-z][^<>{}]*\s[\w-]+=\{\{", templates()[name])
    ]
    assert not wrong, "\n".join(wrong)


def test_the_script_evaluates_nothing() -> None:
    text = "".join(
        (PACKAGE / "static" / name).read_text(encoding="utf-8")
        for name in ("app.js", "scan.js", "outbox.js", "phone.js", "sw.js", "cover.js")
    )
    assert not re.search(r"\beval\(|new Function\(|innerHTML|outerHTML\s*=|document\.write|insertAdjacentHTML", text)


def test_no_text_of_a_script_goes_over_a_line() -> None:
    """Lines of comment stay behind when a script is sent (static_files.as_sent): within a text one would be missed."""
    scripts = sorted((PACKAGE / "static").glob("*.js"))
    wrong = [
        f"{script.name}:{number}"
        for script in scripts
        for number, line in enumerate(script.read_text(encoding="utf-8").splitlines(), 1)
        if line.count("`") % 2 or line.endswith("\\")
    ]
    assert scripts and not wrong, "\n".join(wrong)


def test_what_is_kept_between_pages_knows_nothing_of_any_page() -> None:
    """A file imported without its context is made once for all pages: no name of a page, no word in one's language."""
    known = {*_environment.globals, "_", "ngettext", "url_for", "static_url", "request", "csrf_token"}
    leads: list[Any] = [lead for name in HTML for lead in expressions(name, nodes.Import)]
    wrong = []
    for kept in sorted({lead.template.value for lead in leads if not lead.with_context}):
        tree = _environment.parse(templates()[kept])
        own = {name.name for name in tree.find_all(nodes.Name) if name.ctx == "store"}
        _environment.filters.update({used.name: str for used in tree.find_all(nodes.Filter)})  # ours, not looked at
        wrong += [f"{kept} asks the page for {other}" for other in find_undeclared_variables(tree) - own - known]
        wrong += [f"{kept} keeps a word" for node in tree.body if asks_once(node)]
    assert not wrong, "\n".join(wrong)


def asks_once(node: nodes.Node) -> bool:
    """Whether a statement outside macros asks for anything that may differ from page to page."""
    if isinstance(node, nodes.Import):
        return bool(node.with_context)
    return not isinstance(node, nodes.Macro) and any(node.find_all(nodes.Call))
