from pathlib import Path

import pytest
from tests.sdk.cli.people import NewPerson, Pair, Person


def test_a_home_comes_back_out_of_one_file(
    pair: Pair, person: NewPerson, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob = pair
    alice.do("send", "Bob", "kept")
    bob.receive(1)
    monkeypatch.setenv("GRAPHCHAT_BACKUP_PASSPHRASE", "of the backup")
    file = str(tmp_path / "saved")
    [row] = bob.do("backup", file, "--json").rows
    assert (row["file"], row["generation"]) == (file, 0)
    assert "saved: " in bob.do("backup", file).out
    again = person("again")
    done = again.do("restore", file, "--json")
    assert done.rows[0]["generation"] == 1
    assert "graphchat rekey CONTACT" in done.err
    assert "go on with one of the two only" in done.err
    # The home has the passphrase of the backup now.
    assert "Set GRAPHCHAT_PASSPHRASE" in again.refused("history", "Alice")
    monkeypatch.setenv("GRAPHCHAT_PASSPHRASE", "of the backup")
    assert [line["text"] for line in again.do("history", "Alice", "--json").rows] == ["kept"]
    assert "needs a new code" in again.do("contacts").out
    assert again.do("contacts", "--json").rows[0]["needs_code"] is True
    done = again.do("send", "Alice", "later")
    assert (done.out, "Alice needs a new code" in done.err) == ("queued\n", True)


def test_a_backup_is_made_while_a_command_listens(pair: Pair, tmp_path: Path) -> None:
    alice, _ = pair
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRAPHCHAT_BACKUP_PASSPHRASE", "of the backup")
        listening = alice.start("receive", "--follow", "--json")
        try:
            alice.do("backup", str(tmp_path / "saved"))
        finally:
            listening.kill()
            listening.communicate()
    assert (tmp_path / "saved").stat().st_size > 10_000


def test_what_cannot_be_done_says_what_to_do(
    alice: Person, person: NewPerson, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = str(tmp_path / "saved")
    assert "Set GRAPHCHAT_BACKUP_PASSPHRASE" in alice.refused("backup", file)
    assert "graphchat profile create" in person("nobody").refused("backup", file)
    monkeypatch.setenv("GRAPHCHAT_BACKUP_PASSPHRASE", "of the backup")
    alice.do("backup", file)
    assert "graphchat --home DIR restore FILE" in alice.refused("restore", file)
    monkeypatch.setenv("GRAPHCHAT_BACKUP_PASSPHRASE", "other")
    assert "does not open this backup" in person("again").run("restore", file).err
    monkeypatch.delenv("GRAPHCHAT_BACKUP_PASSPHRASE")
    assert "Set GRAPHCHAT_BACKUP_PASSPHRASE" in person("again").refused("restore", file)
    assert person("again").run("restore", str(tmp_path / "none")).status == 2
    (tmp_path / "none").write_text("hello")
    monkeypatch.setenv("GRAPHCHAT_BACKUP_PASSPHRASE", "other")
    assert (
        "is no backup of graphchat" in person("again").run("restore", str(tmp_path / "none")).err
    )
