from pathlib import Path

import pytest

from graphchat.clock import SystemClock
from graphchat.crypto import vault
from graphchat.crypto.vault import Strength
from graphchat.errors import StoreError
from graphchat.store import files
from graphchat.store.cipher import connect

CLOCK = SystemClock()


@pytest.fixture
def places(path: Path) -> files.Files:
    places = files.Files.of(path)
    places.make_folder()
    return places


def names(places: files.Files) -> list[str]:
    return sorted(file.name for file in places.database.parent.iterdir())


def test_a_new_store_is_two_files_that_fit(places: files.Files, cheap: Strength) -> None:
    assert not files.exists(places)
    key = files.create(places, "correct horse", CLOCK, cheap)
    assert files.exists(places)
    assert names(places) == ["alice.db", "alice.db.vault"]
    assert vault.unlock(files.read_vault(places), "correct horse") == key
    connect(places.database, key).close()


def test_two_databases_of_one_stem_do_not_share_a_vault(tmp_path: Path) -> None:
    assert files.Files.of(tmp_path / "a.db").vault != files.Files.of(tmp_path / "a.sqlite").vault


@pytest.mark.parametrize("left", [["new"], ["new", "new-wal", "new-shm"], ["new", "vault.new"]])
def test_the_beginning_of_a_creation_is_cleared_away(
    places: files.Files, cheap: Strength, left: list[str]
) -> None:
    for suffix in left:
        places.database.with_name(f"alice.db.{suffix}").write_bytes(b"half of somethi")
    assert not files.exists(places)
    assert names(places) == []
    files.create(places, None, CLOCK, cheap)
    assert files.exists(places)


def test_the_end_of_a_creation_is_caught_up_with(places: files.Files) -> None:
    key = files.create(places, None, CLOCK, vault.MODERATE)
    places.vault.rename(places.new_vault)
    assert files.exists(places)
    assert vault.unlock(files.read_vault(places), None) == key


@pytest.mark.parametrize("lost", ["database", "vault"])
def test_a_lost_file_is_named_and_nothing_is_made_in_its_place(
    places: files.Files, lost: str
) -> None:
    files.create(places, None, CLOCK, vault.MODERATE)
    place: Path = getattr(places, lost)
    place.unlink()
    with pytest.raises(StoreError, match=f"{lost} .*is lost"):
        files.exists(places)
    assert not place.exists()


def test_an_empty_database_is_no_new_one(places: files.Files) -> None:
    files.create(places, None, CLOCK, vault.MODERATE)
    places.database.write_bytes(b"")
    with pytest.raises(StoreError, match="empty"):
        files.exists(places)


def test_a_change_of_the_vault_that_broke_off_leaves_the_old_one(places: files.Files) -> None:
    key = files.create(places, None, CLOCK, vault.MODERATE)
    places.new_vault.write_bytes(b"half of a va")
    assert files.exists(places)
    assert names(places) == ["alice.db", "alice.db.vault"]
    assert vault.unlock(files.read_vault(places), None) == key


def test_no_more_of_a_vault_is_read_than_a_vault_has(places: files.Files) -> None:
    places.vault.write_bytes(bytes(10_000))
    assert len(files.read_vault(places)) == vault.MAX_SIZE + 1
