from pathlib import Path

from tests.bots.cli.conftest import Run


def test_a_wrong_passphrase_is_explained(here: Run, ran: str, tmp_path: Path) -> None:
    done = here("bot", "link", "hello/hello.py")
    assert done.stdout == f"{ran}\n"
    folder = tmp_path / "home" / "bots" / "hello"
    (folder / "client.db.vault").write_bytes(b"nonsense")
    done = here("bot", "link", "hello/hello.py")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)


def test_a_bot_of_another_home_is_not_found(here: Run, ran: str, tmp_path: Path) -> None:
    done = here("--home", str(tmp_path / "other"), "bot", "link", "hello/hello.py")
    assert done.returncode == 1
    assert f"its data in {tmp_path}/other/bots/hello" in done.stderr
    assert not (tmp_path / "other").exists()
