import json
from pathlib import Path

from typer.testing import CliRunner

from graphchat_relay.cli import app


def test_an_identity_is_made_and_kept(tmp_path: Path) -> None:
    outputs = [
        CliRunner().invoke(app, ["init", "--json"], env={"GRAPHCHAT_HOME": str(tmp_path)})
        for _ in range(2)
    ]
    assert [found.exit_code for found in outputs] == [0, 0]
    first, second = (json.loads(found.stdout) for found in outputs)
    assert first == second
    assert len(first["fingerprint"]) == 22
    assert Path(first["identity"]) == tmp_path / "relay" / "identity.key"
    assert all(Path(first[name]).exists() for name in ("identity", "certfile", "keyfile"))


def test_people_get_a_table(tmp_path: Path) -> None:
    found = CliRunner().invoke(app, ["init"], obj={"home": tmp_path})
    assert found.exit_code == 0
    assert "fingerprint" in found.stdout


def test_a_place_that_cannot_be_written_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    found = CliRunner().invoke(app, ["init"], obj={"home": tmp_path / "file"})
    assert found.exit_code == 1
    assert "cannot be used" in found.stderr
