"""Which way imports may point: routes → services, queries → models → domain."""

from __future__ import annotations

import sys

import pytest

from tests.house.sources import Module, imports, layer_of, modules, of_layer

HELPERS = {
    "database",
    "revisions",
    "vault",
    "refs",
    "permissions",
    "scopes",
    "treatment_rows",
    "support_rows",
    "envelopes",
}
# What each folder may import of the program. A folder that is not here has no place in the house yet.
MAY_IMPORT = {
    "domain": {"domain"},
    "models": {"domain", "models"},
    "registers": {"domain", "registers"},
    "sms": {"domain", "sms"},
    "queries": {"domain", "models", "registers", "queries"} | HELPERS,
    "services": {"domain", "models", "registers", "queries", "services", "sms"}
    | HELPERS
    | {"config", "logs", "migrating", "sealed_stream", "clock"},
    "routes": {"domain", "registers", "queries", "services", "routes", "sms", "practice"}
    | HELPERS
    | {"clock", "config", "languages", "logs", "static_files", "background", "simulating"},
    "practice": {"domain", "models", "queries", "services", "demo", "practice"} | HELPERS | {"clock", "config"},
    # By hand and by the clock: they start processes and demo stories, so they may reach almost everywhere.
    "commands": {"domain", "registers", "queries", "services", "routes", "commands", "demo", "sms", "models", "jobs"}
    | HELPERS
    | {"clock", "config", "logs", "one_server", "one_ticker", "migrating", "sealed_stream"},
    "jobs": {"domain", "queries", "services", "sms"} | HELPERS | {"logs"},
    "demo": {"domain", "models", "registers", "queries", "services", "sms", "demo"} | HELPERS | {"clock", "config"},
}
# Who may use what comes from outside; what is not here is free for all but `domain`.
ONLY = {
    "twilio": {"counseling.sms.twilio", "counseling.sms.signatures"},
    "vietnam_provinces": {"counseling.services.place_seed"},
    "sqlcipher3": {"counseling.database", "counseling.services.backup_sqlite"},
}
WEB = {"flask", "flask_babel", "flask_login", "flask_wtf", "werkzeug", "wtforms", "markupsafe", "jinja2"}
NO_WEB = ("domain", "models", "registers", "queries", "services", "sms", "demo", "practice")
# A route gets rows and names their types; it builds no statement and opens no session.
ROUTES_OF_SQLALCHEMY = {"sqlalchemy.Row"}
# The queue of page views lives as long as the process and needs a session outside any request.
WITH_A_SESSION = {"counseling.routes.viewing": {"sqlalchemy.orm.Session"}}


def test_every_folder_has_its_place_in_the_table() -> None:
    folders = {module.layer for module in modules() if module.name.count(".") > 1}
    assert folders <= MAY_IMPORT.keys(), "say in MAY_IMPORT what the new folder may import"


@pytest.mark.parametrize("layer", sorted(MAY_IMPORT))
def test_imports_point_downwards(layer: str) -> None:
    wrong = [
        f"{module.at(node)} imports {name}"
        for module in of_layer(layer)
        for node, name in imports(module)
        if name.startswith("counseling.") and layer_of(name) not in MAY_IMPORT[layer]
    ]
    assert not wrong, "\n".join(wrong)


def test_helpers_at_the_top_know_nothing_below_the_doors() -> None:
    wrong = [
        f"{module.at(node)} imports {name}"
        for module in modules()
        if module.name.removeprefix("counseling.") in HELPERS
        for node, name in imports(module)
        if name.startswith("counseling.")
        and layer_of(name) not in {"domain", "models", "config", "vault", "clock", *HELPERS}
    ]
    assert not wrong, "\n".join(wrong)


def test_the_domain_needs_the_standard_library_only() -> None:
    wrong = [
        f"{module.at(node)} imports {name}"
        for module in of_layer("domain")
        for node, name in imports(module)
        if top(name) not in sys.stdlib_module_names and not name.startswith("counseling.")
    ]
    assert not wrong, "\n".join(wrong)


def test_below_the_routes_nobody_knows_the_web() -> None:
    wrong = [
        f"{module.at(node)} imports {name}"
        for module in of_layer(*NO_WEB)
        for node, name in imports(module)
        if top(name) in WEB
    ]
    assert not wrong, "\n".join(wrong)


def test_routes_build_no_statements() -> None:
    wrong = [
        f"{module.at(node)} imports {name}"
        for module in of_layer("routes")
        for node, name in imports(module)
        if top(name) == "sqlalchemy" and name not in ROUTES_OF_SQLALCHEMY | WITH_A_SESSION.get(module.name, set())
    ]
    assert not wrong, "\n".join(wrong)


def test_reading_registers_needs_no_database() -> None:
    wrong = [
        f"{module.at(node)} imports {name}"
        for module in of_layer("registers")
        for node, name in imports(module)
        if top(name) == "sqlalchemy"
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("library", sorted(ONLY))
def test_some_libraries_are_used_in_one_place(library: str) -> None:
    assert users_of(library) <= ONLY[library]


def users_of(library: str) -> set[str]:
    return {module.name for module in modules() if uses(module, library)}


def uses(module: Module, library: str) -> bool:
    return any(top(name) == library for _, name in imports(module))


def top(name: str) -> str:
    return name.split(".")[0]
