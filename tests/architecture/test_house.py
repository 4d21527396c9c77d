"""The house keeps its own rules; import-linter checks the layers (`make check`), this what no linter knows."""

import ast
import re
import sys

import pytest

import gateway.core.outcome
import gateway.data_plane
from tests.architecture.source_tree import GATEWAY, ROOT, Module, modules

STEPS = ["authenticate", "decide", "fetch", "minimize", "protect", "record", "release"]
OUTCOME = gateway.core.outcome.__name__
PROOFS = {
    "Permit": "gateway.core.decide",
    "Denial": "gateway.core.decide",
    "Sealed": "gateway.data_plane.protect",
    "Receipt": "gateway.data_plane.record",
}
BY_NAME = {module.name: module for module in GATEWAY}
TESTS = modules("tests")


def named(module: Module) -> str:
    return module.name


def test_no_module_is_longer_than_500_lines():
    long = {
        module.name: module.text.count("\n") for module in modules("gateway", "bench") if module.text.count("\n") > 500
    }
    assert not long


@pytest.mark.parametrize("proof", PROOFS)
def test_a_proof_is_made_in_exactly_one_place(proof):
    made = []
    for module in GATEWAY:
        local = {mine for where, name, mine in module.imported() if (where, name) == (OUTCOME, proof)}
        if module.name == OUTCOME:
            local = {proof}
        made += [module.name for call in module.calls() if call in local]
    assert made == [PROOFS[proof]]


def test_a_proof_cannot_be_reached_under_another_name():
    for module in GATEWAY:
        for where, name, mine in module.imported():
            if where == OUTCOME or (where, name) == ("gateway.core", "outcome"):
                assert name == mine, module.name


def test_every_entry_is_submitted_in_the_one_way_that_gives_it_a_deadline():
    calls = {(module.name, call) for module in GATEWAY for call in module.calls() if "Submission" in call}
    assert {call for _, call in calls} == {"Submission.of"}
    assert ("gateway.data_plane.record", "Submission.of") in calls


def test_the_seven_steps_are_the_listing():
    files = {path.stem for path in (ROOT / "gateway" / "data_plane").glob("*.py")}
    listed = re.findall(r"^(\w+) +\d  ", str(gateway.data_plane.__doc__), re.MULTILINE)
    assert listed == STEPS == sorted(STEPS)
    assert set(STEPS) <= files


def test_transfer_calls_each_step_once_in_the_order_of_the_listing():
    transfer = BY_NAME["gateway.data_plane.transfer"]
    steps = [name for where, name, _ in transfer.imported() if where.rpartition(".")[2] in STEPS]
    assert steps == STEPS
    called = [
        (node.lineno, node.func.id)
        for node in transfer.nodes
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in STEPS
    ]
    assert [name for _, name in sorted(called)] == STEPS


@pytest.mark.parametrize("module", [m for m in GATEWAY if m.name.startswith("gateway.core")], ids=named)
def test_the_core_knows_the_standard_library_msgspec_and_itself(module):
    for where, _, _ in module.imported():
        top = where.split(".")[0]
        assert top in sys.stdlib_module_names or top == "msgspec" or where.startswith("gateway.core"), where


def test_only_the_settings_read_the_environment():
    reading = re.compile(r"\b(os\.(environ|getenv)|environb?\b)")
    readers = {module.name for module in GATEWAY if any(map(reading.search, _names(module)))}
    assert readers <= {"gateway.settings"}


def _names(module: Module) -> list[str]:
    attributes = [ast.unparse(node) for node in module.nodes if isinstance(node, ast.Attribute)]
    return attributes + [f"{where}.{name}" for where, name, _ in module.imported()]


def test_the_clock_is_read_in_one_adapter_and_by_whoever_starts_a_program():
    reading = {"datetime.now", "time.time", "datetime.utcnow", "date.today"}
    rooms = (
        "gateway.core",
        "gateway.jose",
        "gateway.oauth",
        "gateway.tlog",
        "gateway.data_plane",
        "gateway.control_plane",
    )
    assert not [m.name for m in GATEWAY if m.name.startswith(rooms) and reading & set(m.calls())]


@pytest.mark.parametrize("module", TESTS, ids=named)
def test_a_test_asserts_something_and_always_runs(module):
    marks = {call.removesuffix("()") for call in (ast.unparse(d) for d in _decorators(module))}
    assert not [mark for mark in marks if re.search(r"\b(skip|skipif|xfail)\b", mark)]
    called = set(module.calls())
    assert not called & {"pytest.skip", "pytest.xfail", "pytest.importorskip", "time.sleep"} - _may(module)
    assert not [where for where, name, _ in module.imported() if "mock" in [*where.split("."), name]]
    arguments = {
        a.arg for f in module.nodes if isinstance(f, ast.FunctionDef | ast.AsyncFunctionDef) for a in f.args.args
    }
    assert not arguments & {"monkeypatch", "mocker"}
    assert not [n for n in module.nodes if isinstance(n, ast.Assert) and isinstance(n.test, ast.Constant)]


def _decorators(module: Module) -> list[ast.expr]:
    definitions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return [d for node in module.nodes if isinstance(node, definitions) for d in node.decorator_list]


def _may(module: Module) -> set[str]:
    """Simulators, and what waits for a process, may take their time; tests may not.

    Another language's tools may be missing, though never where CI runs.
    """
    if module.name == "tests.oracles.conftest":
        return {"pytest.skip"}
    return set() if module.path.name.startswith("test_") else {"time.sleep"}
