from pathlib import Path

import pytest
from pydantic import ValidationError

from graphchat_relay import create_app
from graphchat_relay.limits import Limits
from graphchat_relay.settings import RelaySettings


def test_options_win_over_the_environment_and_that_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "relay.toml"
    file.write_text('port = 1\nhost = "file"\nmessage_days = 3\n')
    monkeypatch.setenv("GRAPHCHAT_RELAY_PORT", "2")
    monkeypatch.setenv("GRAPHCHAT_RELAY_HOST", "environment")
    found = RelaySettings.load(file, tmp_path, port=3)
    assert (found.port, found.host, found.message_days) == (3, "environment", 3)
    assert found.store == str(tmp_path / "relay.db")
    assert found.identity == tmp_path / "identity.key"
    assert found.limits == Limits(message_days=3)


def test_two_databases_in_one_folder_are_two_relays(tmp_path: Path) -> None:
    homes = [RelaySettings.load(None, tmp_path, store=str(tmp_path / name)) for name in "ab"]
    prints = {create_app(settings).state.parts.site.fingerprint for settings in homes}
    assert len(prints) == 2
    assert (
        RelaySettings.load(None, tmp_path, store="memory:").identity == tmp_path / "identity.key"
    )


def test_tokens_come_as_a_list_or_with_commas(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert RelaySettings(create_tokens=("a", "b")).create_tokens == ("a", "b")
    monkeypatch.setenv("GRAPHCHAT_RELAY_CREATE_TOKENS", "a,b")
    assert RelaySettings.load(None, tmp_path).create_tokens == ("a", "b")


@pytest.mark.parametrize(
    "options",
    [
        {"port": 70_000},
        {"port": "x"},
        {"create_tokens": ("a b",)},
        {"create_tokens": ("",)},
        {"public_url": "http://relay.example/q"},
        {"public_url": "https://relay.example/q/token"},
        {"public_url": "relay.example"},
        {"public_url": "https://relay.example/chat", "create_tokens": ("a",)},
        {"certfile": "a"},
        {"certfile": "a", "keyfile": "b", "tls_self_signed": True},
        {"quota_messages": 0},
        {"unknown": 1},
    ],
)
def test_a_wrong_setting_is_refused(options: dict[str, object], tmp_path: Path) -> None:
    with pytest.raises(ValidationError):
        RelaySettings.load(None, tmp_path, **options)


def test_a_wrong_name_in_the_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "relay.toml"
    file.write_text("prot = 1\n")
    with pytest.raises(ValidationError, match="prot"):
        RelaySettings.load(file, tmp_path)


def test_tokens_are_not_shown() -> None:
    assert "hunter2" not in repr(RelaySettings(create_tokens=("hunter2",)))


@pytest.mark.parametrize(
    ("url", "path"),
    [(None, "/q"), ("https://relay.example", "/q"), ("https://relay.example/a/q", "/a/q")],
)
def test_everything_lives_under_the_path_of_the_public_url(url: str | None, path: str) -> None:
    assert RelaySettings(public_url=url).path == path


def test_the_guide_for_operators_names_every_setting() -> None:
    guide = (Path(__file__).parents[2] / "docs/operate.md").read_text()
    assert [name for name in RelaySettings.model_fields if f"`{name}`" not in guide] == []
