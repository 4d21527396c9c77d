"""Dockerfile and docker-compose.yml: nothing dangles, nothing runs as root, and what they start comes up."""

import json
import re
from pathlib import Path

import httpx2
import pytest
import yaml

from gateway.settings import PREFIX, Settings
from tests.architecture.stack import COMPOSE, DOCKERFILE, ROOT, Stack, argv, dockerfile, healthcheck

FILE = yaml.safe_load(COMPOSE)
SERVICES = FILE["services"]
ONCE = {name for name, service in SERVICES.items() if service.get("restart") == "no"}
OURS = {name for name, service in SERVICES.items() if "build" in service}


def mounts(service):
    """Source and target of each volume."""
    return [volume.split(":")[:2] for volume in service.get("volumes", [])]


def volumes(service):
    return {source for source, _ in mounts(service) if not source.startswith((".", "/"))}


def test_every_name_that_is_used_is_declared_and_every_declared_one_is_used():
    used = {
        "volumes": set().union(*map(volumes, SERVICES.values())),
        "networks": set().union(*(service.get("networks", []) for service in SERVICES.values())),
        "secrets": {secret for service in SERVICES.values() for secret in service.get("secrets", [])},
    }
    assert used == {kind: set(FILE.get(kind, {})) for kind in used}


@pytest.mark.parametrize("name", SERVICES)
def test_a_dependency_exists_and_can_be_waited_for(name):
    for other, wanted in SERVICES[name].get("depends_on", {}).items():
        once = other in ONCE
        assert wanted["condition"] == ("service_completed_successfully" if once else "service_healthy")
        assert once or healthcheck(SERVICES[other])


@pytest.mark.parametrize("name", SERVICES)
def test_a_file_of_the_checkout_that_is_mounted_exists_and_is_read_only(name):
    for volume in SERVICES[name].get("volumes", []):
        source, *_, mode = volume.split(":")
        if source.startswith("."):
            assert (ROOT / source).exists()
            assert mode == "ro"


def told(service):
    """Everything a service is told: its command line and its environment."""
    image_s_own = [] if service in OURS else ["/var/lib/postgresql/data"]
    described = SERVICES[service]
    command = argv(described) if service in OURS else []
    return " ".join([*command, *map(str, described.get("environment", {}).values()), *image_s_own])


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_told_of_whatever_is_mounted_into_it(name):
    assert [target for _, target in mounts(SERVICES[name]) if target not in told(name)] == []


@pytest.mark.parametrize("name", ["gateway", "console"])
def test_a_listener_has_every_folder_that_its_settings_name(name):
    targets = {target for _, target in mounts(SERVICES[name])}
    named = re.findall(r"(?<![\w:/])/(?:secrets/\w+|\w+)", told(name))
    assert set(named) == targets


@pytest.mark.parametrize("name", SERVICES)
def test_no_service_has_more_rights_than_it_needs(name):
    service = SERVICES[name]
    user = service.get("user") or dockerfile("USER")[-1]
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user)
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "cap_add", "devices", "pid", "ipc", "env_file"} & set(service)


def test_only_the_two_listeners_are_reached_from_outside_and_only_from_this_machine():
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published == {"gateway": ["127.0.0.1:8400:8400"], "console": ["127.0.0.1:8401:8401"]}
    assert FILE["networks"]["inside"] == {"internal": True}
    assert {name for name, service in SERVICES.items() if "outside" in service.get("networks", [])} == {*published}


def test_a_secret_is_a_file_and_is_seen_by_those_alone_who_read_it():
    def seen_by(volume):
        return {name for name, service in SERVICES.items() if volume in volumes(service)}

    assert seen_by("source-secret") == {"secrets", "member-system", "gateway", "console", "worker"}
    assert seen_by("database-secret") == {"secrets", "postgres", "migrate", "publish", "gateway", "console", "worker"}
    assert seen_by("keys") == {"keys", "gateway", "console", "worker"}
    assert seen_by("signer") == {"gateway", "console"}
    for service in SERVICES.values():
        for variable in service.get("environment", {}):
            assert "PASSWORD" not in variable or variable.endswith("_FILE")


def test_every_variable_is_a_setting():
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    assert set(re.findall(rf"{PREFIX}\w+", COMPOSE + DOCKERFILE)) <= known


def test_images_are_pinned_to_a_release():
    images = [*dockerfile("FROM"), SERVICES["postgres"]["image"]]
    assert all(re.match(r"[a-z]+:\d+\.\d+(\.\d+)?-[a-z-]+", image) for image in images)


def test_the_image_is_made_of_the_lock_and_the_package_and_of_nothing_else():
    copied = [line.split()[:-1] for line in dockerfile("COPY") if not line.startswith("--from=")]
    assert copied == [["requirements.lock"], ["gateway"]]
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    rules = [line for line in ignored if line and not line.startswith("#")]
    assert rules == ["*", "!gateway", "!requirements.lock", "**/__pycache__"]
    assert "--require-hashes" in DOCKERFILE
    assert not re.search(r"^(ARG|ADD)\b", DOCKERFILE, re.MULTILINE)


@pytest.mark.postgres
def test_the_services_come_up_on_postgresql_with_both_co_ops_published(stack: Stack):
    for coop in ("kyoritsusha", "coopdeli"):
        assert len(json.loads(stack.gateway("policy", "history", coop, "--json"))) == 1


@pytest.mark.postgres
def test_staff_sign_in_where_the_console_is_published(stack: Stack):
    by = ("--by", "設置担当", "--reason", "導入")
    stack.gateway("staff", "add", "kyoritsusha", "sato", "--name", "佐藤", *by, service="console")
    console = stack.services["console"]["environment"]["GATEWAY_CONSOLE"]
    with httpx2.Client(base_url=console) as browser:
        page = browser.get("/", follow_redirects=True)
        assert (page.status_code, page.url.path) == (200, "/sign-in")


@pytest.mark.postgres
def test_a_second_start_changes_nothing(stack: Stack):
    files = sorted((stack.folder / "secrets").rglob("*")) + sorted((stack.folder / "keys").rglob("*"))
    before = {file: file.read_bytes() for file in files if file.is_file()}
    assert [stack.run(service) for service in ("secrets", "migrate", "keys", "publish")] == [
        "",
        "ok\n",
        "nothing to make\n",
        "",
    ]
    assert {file: file.read_bytes() for file in before} == before


@pytest.mark.postgres
def test_the_password_file_is_its_owners_alone(stack: Stack):
    secrets = Path(stack.folder, "secrets")
    modes = {
        str(file.relative_to(secrets)): file.stat().st_mode & 0o777 for file in secrets.rglob("*") if file.is_file()
    }
    assert modes == {"database/password": 0o444, "database/pgpass": 0o600, "source/secret": 0o600}
