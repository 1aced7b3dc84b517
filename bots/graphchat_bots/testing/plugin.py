"""The pytest plugin of the bot runtime: tests at the level that the command line names.

A test with the fixture ``bot_level`` runs at each level of ``--bot-level``.
"""

import pytest

LEVELS = ("memory", "relay")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("graphchat").addoption(
        "--bot-level",
        choices=(*LEVELS, "all"),
        default="all",
        help="the level at which tests with the fixture bot_level run (default: all of them)",
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "bot_level" in metafunc.fixturenames:
        chosen = metafunc.config.getoption("--bot-level")
        metafunc.parametrize("bot_level", LEVELS if chosen == "all" else [chosen])
