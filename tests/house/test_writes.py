"""Nothing is written outside `writing()`: the name `tx` stands for its transaction and for nothing else."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.house.sources import Module, calls, dotted, imports, modules, of_layer

BUILDERS = {"insert", "update", "delete"}
SESSION_WRITES = {"add", "add_all", "flush", "merge", "delete", "bulk_save_objects", "bulk_insert_mappings"}
EXECUTES = {"execute", "scalar", "scalars"}
SESSIONS = {"session", "db.session", "self.session"}
TRANSACTIONS = ("tx", "self.tx", "tx.connection", "self.tx.connection")
# A restored database is finished on the connection that fills it, before anybody else may open it.
ON_A_CONNECTION_OF_ITS_OWN = {"counseling.services.restored"}
Function = ast.FunctionDef | ast.AsyncFunctionDef


def test_commit_is_said_in_one_place() -> None:
    wrong = [
        module.at(call)
        for module in modules()
        if module.name != "counseling.database"
        for call in calls(module.tree)
        if isinstance(call.func, ast.Attribute) and call.func.attr in ("commit", "begin")
        if receiver(call) in (*SESSIONS, *TRANSACTIONS)
    ]
    assert not wrong, "\n".join(wrong)


def test_sessions_are_written_to_only_as_tx() -> None:
    wrong = [
        f"{module.at(call)} {dotted(call.func)}()"
        for module in modules()
        for call in calls(module.tree)
        if isinstance(call.func, ast.Attribute)
        if call.func.attr in {*SESSION_WRITES, "begin_nested"} and receiver(call) in SESSIONS
    ]
    assert not wrong, "\n".join(wrong)


def test_statements_that_write_are_executed_by_tx() -> None:
    wrong = [
        f"{module.at(call)} {dotted(call.func)}()"
        for module in modules()
        if module.name not in ON_A_CONNECTION_OF_ITS_OWN
        for function in functions(module.tree)
        for call in calls(function)
        if is_execution(call) and receiver(call) not in TRANSACTIONS
        if call.args and writes(call.args[0], module, function)
    ]
    assert not wrong, "\n".join(wrong)


def test_tx_comes_from_writing_or_from_the_caller() -> None:
    wrong = [
        module.at(node)
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.NamedExpr) and node.value is not None
        for name in bound_names(node)
        if name == "tx" and module.name != "counseling.database"
    ]
    assert not wrong, "\n".join(wrong)


def test_tx_is_not_used_after_its_transaction() -> None:
    wrong = [
        module.at(name)
        for module in modules()
        if module.name != "counseling.database"
        for function in functions(module.tree)
        if "tx" not in parameters(function)
        for name in names_outside_with(function.body)
        if name.id == "tx"
    ]
    assert not wrong, "\n".join(wrong)


def test_only_tx_is_handed_to_who_expects_a_transaction() -> None:
    takers = {
        f.name for module in modules() for f in functions(module.tree) if parameters(f)[:1] == ["tx"]
    }  # methods begin with self and are not meant
    wrong = [
        f"{module.at(call)} {dotted(call.func)}({dotted(call.args[0])}, …)"
        for module in modules()
        for call in calls(module.tree)
        if call.args and dotted(call.func).rpartition(".")[2] in takers and dotted(call.args[0]) in SESSIONS
    ]
    assert takers, "nobody takes tx: this test looks for the wrong thing"
    assert not wrong, "\n".join(wrong)


def test_queries_and_routes_cannot_write() -> None:
    forbidden = {f"sqlalchemy.{name}" for name in BUILDERS} | {"counseling.database.writing"}
    wrong = [
        f"{module.at(node)} imports {name}"
        for module in of_layer("queries", "routes")
        for node, name in imports(module)
        if name in forbidden or name.endswith(".text")
    ]
    assert not wrong, "\n".join(wrong)


def test_this_search_finds_what_it_looks_for() -> None:
    """A control: the same rules on a module that breaks them."""
    text = (
        "CHANGE = update(T)\n"
        "def verb(session):\n"
        "    row = insert(T).values(a=1)\n"
        "    session.execute(row)\n"
        "    session.execute(CHANGE)\n"
        "    session.execute(made())\n"
        "    session.execute(select(T))\n"
        "    with writing(session) as tx:\n"
        "        tx.execute(row)\n"
        "    tx.execute(select(T))\n"
        "def made():\n"
        "    return delete(T)\n"
    )
    module = Module(modules()[0].path, "counseling.services.bad", text, ast.parse(text))
    verb = next(functions(module.tree))
    found = [
        call.lineno
        for call in calls(verb)
        if is_execution(call) and receiver(call) not in TRANSACTIONS
        if writes(call.args[0], module, verb)
    ]
    assert found == [4, 5, 6]
    assert [name.lineno for name in names_outside_with(verb.body) if name.id == "tx"] == [10]


def functions(tree: ast.AST) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def parameters(function: Function) -> list[str]:
    arguments = function.args
    return [a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]


def receiver(call: ast.Call) -> str:
    """What a method is called on: `tx` of tx.execute(…), `tx.connection` of tx.connection().execute(…)."""
    value = call.func.value if isinstance(call.func, ast.Attribute) else call.func
    return dotted(value.func if isinstance(value, ast.Call) else value)


def is_execution(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and call.func.attr in EXECUTES


def writes(statement: ast.expr, module: Module, function: Function) -> bool:
    """Whether an expression is, or stands for, an INSERT, UPDATE or DELETE built in this module."""
    if has_builder(statement):
        return True
    used = {node.id for node in ast.walk(statement) if isinstance(node, ast.Name)}
    return any(name in used for name in names_of_writes(module.tree) | names_of_writes(function))


def names_of_writes(scope: ast.AST) -> set[str]:
    """Names bound to a statement that writes, and functions that return one, directly within `scope`."""
    body: list[ast.stmt] = getattr(scope, "body", [])
    found = set()
    for node in body if isinstance(scope, ast.Module) else ast.walk(scope):
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None and has_builder(node.value):
            found |= set(bound_names(node))
        if isinstance(node, Function) and any(
            isinstance(inner, ast.Return) and inner.value is not None and is_builder_chain(inner.value)
            for inner in ast.walk(node)
        ):
            found.add(node.name)
    return found


def has_builder(expression: ast.AST) -> bool:
    return any(is_builder_chain(call) for call in calls(expression))


def is_builder_chain(expression: ast.AST) -> bool:
    """insert(T), dialect.insert(T), update(T).where(…).values(…) …"""
    while isinstance(expression, ast.Call | ast.Attribute):
        if isinstance(expression, ast.Call):
            name = dotted(expression.func)
            if name in BUILDERS or (name.rpartition(".")[2] in BUILDERS and name.startswith(("dialect", "postgres"))):
                return True
            expression = expression.func
        else:
            expression = expression.value
    return False


def bound_names(node: ast.AST) -> Iterator[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]  # type: ignore[attr-defined]
    for target in targets:
        yield from (name.id for name in ast.walk(target) if isinstance(name, ast.Name))


def names_outside_with(body: list[ast.stmt]) -> Iterator[ast.Name]:
    """Names read outside any `with writing(…)` block and outside functions of their own."""
    for statement in body:
        yield from _names_outside(statement)


def _names_outside(node: ast.AST) -> Iterator[ast.Name]:
    if isinstance(node, ast.With) and any("writing" in ast.dump(item.context_expr) for item in node.items):
        return
    if isinstance(node, Function | ast.Lambda):
        return
    if isinstance(node, ast.Name):
        yield node
    for child in ast.iter_child_nodes(node):
        yield from _names_outside(child)
