from pathlib import Path

import pytest

from graphchat_bots.errors import SettingsError
from graphchat_bots.limits import Limits
from graphchat_bots.settings import Table, read


def table(folder: Path, text: str) -> Table:
    (folder / "bot.toml").write_text(text)
    return read("shop", [folder])


def test_without_a_file_nothing_is_set(tmp_path: Path) -> None:
    assert read("shop", [tmp_path]) == Table()
    assert table(tmp_path, "[another]\nwhatever = 1\n") == Table()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[shop]\nrelais = []", "unknown field `relais`"),
        ("[shop]\nhealth = 1", "`health`"),
        ("[shop]\nrelays = ['a', 2]", "`relays[1]`"),
        ("[shop.limits]\ntries = 0", "`limits.tries`"),
        ("[shop.limits]\ndrain = -1", "`limits.drain`"),
        ("[shop.limits]\npatients = 1", "unknown field `patients` - at `limits`"),
        ("shop = 3", "[shop]"),
        ("[shop", "cannot be read"),
    ],
)
def test_what_is_wrong_is_named_with_its_file_and_key(
    tmp_path: Path, text: str, says: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        table(tmp_path, text)
    assert str(tmp_path / "bot.toml") in str(caught.value)
    assert says in str(caught.value)


def test_limits_that_are_not_named_stay_as_they_are(tmp_path: Path) -> None:
    limits = table(tmp_path, "[shop.limits]\npatience = 1.5").limits
    assert limits is not None
    assert (limits.limits().tries, limits.limits().patience.total_seconds()) == (
        Limits().tries,
        1.5,
    )
