import pytest

import graphchat_bots
from graphchat.errors import GraphchatError
from graphchat_bots import errors


@pytest.mark.parametrize("name", [n for n in dir(errors) if n.endswith("Error")])
def test_every_error_is_one_of_graphchat(name: str) -> None:
    assert issubclass(getattr(errors, name), GraphchatError)


def test_faults_are_listed_one_by_one() -> None:
    error = errors.BotFaultsError("shop", ["one", "two"])
    assert str(error) == "The bot 'shop' cannot start:\n  - one\n  - two"
    assert error.faults == ("one", "two")


def test_an_argument_error_reaches_the_chat() -> None:
    assert issubclass(errors.ArgumentError, graphchat_bots.UserError)
