"""What every test shares: repeatable properties, and no network for unit tests."""

from __future__ import annotations

import hypothesis
import pytest
import pytest_socket

hypothesis.settings.register_profile("ci", deadline=None, derandomize=True)
hypothesis.settings.load_profile("ci")


def pytest_runtest_setup(item: pytest.Item) -> None:
    if "unit" in item.path.parts:
        pytest_socket.disable_socket(allow_unix_socket=True)


def pytest_runtest_teardown() -> None:
    pytest_socket.enable_socket()
