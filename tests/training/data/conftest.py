import pytest

from tests.training.data.file_server import serving


@pytest.fixture
def server():
    with serving() as running:
        yield running
