"""Backups: written beside a running client, refused when changed, never there by halves."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from graphchat.clock import SystemClock
from graphchat.crypto.archive import HEAD_SIZE
from graphchat.crypto.vault import Strength
from graphchat.errors import PassphraseError, StateError, StoreBusyError, StoreError
from graphchat.store import Cursor, Database, backup, files
from graphchat.store.schema import CLIENT

PUT = "INSERT INTO client_setting (key, value) VALUES (?, ?)"
CHEAP = Strength(operations=1, memory=8192)
# More than one piece of a backup.
BULK = os.urandom(150_000)


def put(key: str, cursor: Cursor) -> None:
    cursor.execute(PUT, (key, BULK))


def save(home: Path, target: Path, **more: backup.Progress) -> backup.Report:
    return backup.write(
        home,
        target,
        passphrase="correct horse",
        protect="of the backup",
        clock=SystemClock(),
        strength=CHEAP,
        **more,
    )


def load(source: Path, home: Path, protect: str = "of the backup") -> backup.Report:
    return backup.restore(
        source,
        home,
        protect=protect,
        passphrase="new",
        clock=SystemClock(),
        strength=CHEAP,
    )


def data_of(path: Path) -> bytes:
    return path.read_bytes()


def put_file(path: Path, data: bytes) -> None:
    path.write_bytes(data)


def names_in(folder: Path) -> set[str]:
    return {each.name for each in folder.iterdir()}


async def settings_of(home: Path, passphrase: str) -> dict[str, bytes]:
    async with Database.open(home, passphrase, strength=CHEAP) as db:
        await db.check()
        return dict(await db.read(lambda c: c.execute("SELECT * FROM client_setting").fetchall()))


@pytest.fixture
async def saved(path: Path, tmp_path: Path) -> Path:
    """Return a backup of a home with one setting."""
    async with Database.open(path, "correct horse", strength=CHEAP) as db:
        await db.write(lambda cursor: put("kept", cursor))
    save(path, tmp_path / "saved")
    return tmp_path / "saved"


async def test_a_backup_is_made_beside_a_running_client(path: Path, tmp_path: Path) -> None:
    heard: list[tuple[int, int]] = []
    async with Database.open(path, "correct horse", strength=CHEAP) as db:
        await db.write(lambda cursor: put("kept", cursor))
        report = save(path, tmp_path / "saved", progress=lambda *step: heard.append(step))
        await db.write(lambda cursor: put("later", cursor))
    assert (report.generation, report.size) == (0, len(data_of(tmp_path / "saved")))
    assert heard[-1][0] == heard[-1][1] > len(BULK)
    assert os.stat(tmp_path / "saved").st_mode & 0o777 == 0o600  # noqa: PTH116 - quick enough
    assert BULK[:1000] not in data_of(tmp_path / "saved")
    assert load(tmp_path / "saved", tmp_path / "new" / "home.db").generation == 1
    found = await settings_of(tmp_path / "new" / "home.db", "new")
    assert found == {"kept": BULK, "generation": (1).to_bytes(8), "restored": b"\1"}
    assert "restored" not in await settings_of(path, "correct horse")
    assert names_in(tmp_path) == {"home", "new", "saved"}


async def test_each_restoration_is_a_generation_further(saved: Path, tmp_path: Path) -> None:
    for number in (1, 2, 3):
        home = tmp_path / f"{number}" / "home.db"
        assert load(saved, home).generation == number
        report = backup.write(
            home,
            saved,
            passphrase="new",
            protect="of the backup",
            clock=SystemClock(),
            strength=CHEAP,
        )
        assert report.generation == number


async def test_a_home_that_is_there_is_left_alone(path: Path, saved: Path) -> None:
    before = data_of(path)
    with pytest.raises(StateError, match="--home DIR restore"):
        load(saved, path)
    assert data_of(path) == before
    async with Database.open(path, "correct horse", strength=CHEAP):
        with pytest.raises(StoreBusyError):
            load(saved, path)


async def test_a_wrong_passphrase_makes_no_home(saved: Path, tmp_path: Path) -> None:
    with pytest.raises(PassphraseError):
        load(saved, tmp_path / "new" / "home.db", "other")
    assert names_in(tmp_path / "new") == {"home.db.lock"}


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_a_changed_or_cut_backup_makes_no_home(
    saved: Path, tmp_path: Path, data: st.DataObject
) -> None:
    whole = data_of(saved)
    # The work that a changed head may ask for is the matter of another test.
    at = data.draw(st.integers(0, 8) | st.integers(21, len(whole) - 1))
    cut = data.draw(st.booleans())
    wrong = tmp_path / "wrong"
    put_file(wrong, whole[:at] if cut else whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
    with pytest.raises(StoreError):
        load(wrong, tmp_path / "new" / "home.db")
    assert names_in(tmp_path / "new") == {"home.db.lock"}


async def test_what_follows_the_end_of_a_backup_is_refused(saved: Path, tmp_path: Path) -> None:
    put_file(saved, data_of(saved) + b"x")
    with pytest.raises(StoreError, match="damaged"):
        load(saved, tmp_path / "new" / "home.db")


async def test_an_interrupted_backup_leaves_the_old_one(
    path: Path, saved: Path, tmp_path: Path
) -> None:
    before = data_of(saved)

    def stop(done: int, of: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        save(path, saved, progress=stop)
    assert data_of(saved) == before
    assert names_in(tmp_path) == {"home", "saved"}


def _nothing(_places: files.Files) -> None:
    """Stand for what a process that dies does not do."""


async def test_a_restoration_that_dies_leaves_nothing_or_a_home(
    saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, lives = files.rename, list(range(3))
    for at in lives:
        home, count = tmp_path / f"{at}" / "home.db", 0

        def rename(old: Path, new: Path) -> None:
            nonlocal count
            if count == at:  # noqa: B023 - called within this round
                raise SystemExit
            count += 1
            real(old, new)

        with monkeypatch.context() as patch:
            patch.setattr(files, "rename", rename)
            patch.setattr(files, "clear", _nothing)
            if at == 2:
                load(saved, home)
            else:
                with pytest.raises(SystemExit):
                    load(saved, home)
        if at == 0:
            # Nothing is there, and it can be done again.
            load(saved, home)
        assert (await settings_of(home, "new"))["kept"] == BULK


async def test_a_backup_of_a_newer_version_is_refused(path: Path, tmp_path: Path) -> None:
    async with Database.open(path, "correct horse", strength=CHEAP) as db:
        await db.read(lambda cursor: cursor.execute(f"PRAGMA user_version={CLIENT.version + 1}"))
    save(path, tmp_path / "saved")
    with pytest.raises(StoreError, match="newer version"):
        load(tmp_path / "saved", tmp_path / "new" / "home.db")
    assert names_in(tmp_path / "new") == {"home.db.lock"}


def test_there_must_be_something_to_back_up(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="no home"):
        save(tmp_path / "nowhere.db", tmp_path / "saved")
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_refuses_says_where(path: Path, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="missing"):
        load(tmp_path / "missing", path)
    assert HEAD_SIZE < 120
