"""What docker-compose.yml describes, running."""

from collections.abc import Iterator

import pytest

from tests import postgres as pg
from tests.architecture.stack import Stack, running


@pytest.fixture(scope="session")
def stack(postgres_server: pg.Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running(tmp_path_factory.mktemp("stack"), postgres_server) as up:
        yield up
