import pytest

from graphchat_bots.addressing import Called, called, handle, mentions


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/help", Called("help", "", "")),
        ("/Help me now", Called("help", "", "me now")),
        ("/order@Shop 3 M", Called("order", "shop", "3 M")),
        ("/order\n3", Called("order", "", "3")),
        ("/order@Füchse", Called("order", "füchse", "")),
        ("/", None),
        ("/2", None),
        ("/order@", None),
        ("/order@a@b", None),
        ("see /order", None),
        ("/path/to", None),
        ("/" + "a" * 65, None),
    ],
)
def test_a_command_is_its_name_the_bot_and_the_rest(text: str, expected: Called | None) -> None:
    assert called(text) == expected


def test_a_bot_with_spaces_in_its_name_has_a_handle_without() -> None:
    assert handle("My  Shop Bot") == "myshopbot"


@pytest.mark.parametrize(
    "text",
    ["@Shop Bot hello", "hello @shop bot", "hi @shopbot!", "(@ShopBot)", "/order@shopbot 3"],
)
def test_a_bot_is_mentioned_by_its_name_or_its_handle(text: str) -> None:
    assert mentions(text, "Shop Bot")


@pytest.mark.parametrize(
    "text",
    ["Shop Bot", "shopbot", "@shopbots", "mail a@shopbot", "@@shopbot", "/order@other", "@", ""],
)
def test_nothing_else_mentions_it(text: str) -> None:
    assert not mentions(text, "Shop Bot")


def test_a_bot_without_a_name_is_never_mentioned() -> None:
    assert not mentions("@ hello", "")


def test_a_name_is_no_pattern() -> None:
    assert mentions("hi @a.b", "a.b")
    assert not mentions("hi @axb", "a.b")
