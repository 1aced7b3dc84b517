from pathlib import Path

from graphchat_bots.place import Place


def test_arguments_win_over_the_environment_and_that_over_the_usual(tmp_path: Path) -> None:
    environ = {"GRAPHCHAT_HOME": str(tmp_path / "env"), "GRAPHCHAT_RELAYS": "a b"}
    assert Place.of(environ, None, None) == Place(tmp_path / "env", ("a", "b"))
    assert Place.of(environ, tmp_path, ["c"]) == Place(tmp_path, ("c",))
    assert Place.of(environ, tmp_path, []) == Place(tmp_path, ())
    assert Place.of({}, None, None).home.name == "graphchat"


def test_two_names_never_share_a_folder(tmp_path: Path) -> None:
    names = ["shop", "Shop!", "Shop?", "../shop", "a" * 50, "a" * 60, "läden", ""]
    folders = [Place(tmp_path, ()).folder(name) for name in names]
    assert len(set(folders)) == len(names)
    assert all(folder.parent == tmp_path / "bots" for folder in folders)
