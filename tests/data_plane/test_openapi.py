"""The hand-written OpenAPI document says what the application does: no route, slug or member more or less."""

import inspect
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import schemathesis
import yaml
from starlette.routing import Route

from gateway.web.problems import TABLE
from tests.house import House
from tests.simulators.partner import Partner

DOCUMENT: dict[str, Any] = yaml.safe_load(
    (Path(__file__).parent.parent.parent / "docs" / "openapi.yaml").read_text(encoding="utf-8")
)


def test_it_is_openapi_3_1_and_every_operation_can_be_read() -> None:
    schema = schemathesis.openapi.from_dict(DOCUMENT)
    assert len(list(schema.get_all_operations())) == 21


@pytest.fixture
def routes(house: House) -> list[Route]:
    """The framework's own list, behind the guard and the straight way to the hot doors."""
    closure = inspect.getclosurevars(house.guard._app).nonlocals
    return [route for route in closure["app"].router.routes if isinstance(route, Route)]


def test_every_route_is_documented_and_nothing_else(routes: list[Route]) -> None:
    served = {
        (route.path.replace(":path}", "}"), method.lower())
        for route in routes
        if "path:path" not in route.path
        for method in route.methods or ()
        if method != "HEAD"
    }
    documented = {(path, method) for path, item in DOCUMENT["paths"].items() for method in item}
    assert served == documented


def test_the_statuses_of_the_transfer_route_are_problems_of_the_table() -> None:
    told = {int(status) for status in DOCUMENT["paths"]["/v1/transfers"]["post"]["responses"]} - {200}
    assert told <= {status for status, _ in TABLE.values()}


def valid(instance: object, name: str) -> None:
    schema = {"$ref": f"#/components/schemas/{name}", "components": DOCUMENT["components"]}
    jsonschema.validate(instance, schema, jsonschema.Draft202012Validator)


async def test_real_answers_validate(house: House, sunnet: Partner) -> None:
    token = await sunnet.token("P4", ["name"])
    listed = await sunnet.get("/grants", token)
    assert listed.status_code == 200
    for grant in listed.json()["grants"]:
        valid(grant, "Grant")
    refused = await sunnet.ask("P4", ["name"], ["no code!"])
    assert refused.status_code == 400
    valid(refused.json(), "Problem")
    with pytest.raises(jsonschema.ValidationError):
        valid({**refused.json(), "detail": "x"}, "Problem")
