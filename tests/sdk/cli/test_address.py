from pathlib import Path

from tests.sdk.cli.people import Person
from tests.together.processes import RelayProcess

from graphchat.codes import qr


def test_an_address_is_made_shown_and_deleted(
    alice: Person, relay: RelayProcess, tmp_path: Path
) -> None:
    alice.do("servers", "add", relay.uri)
    link = alice.do("address", "create").out.strip()
    assert link.startswith("GRAPHCHAT:ADDRESS/")
    picture = tmp_path / "poster.png"
    assert alice.do("address", "show", "--qr", str(picture), "--json").rows == [
        {"link": link, "accepts_all": False, "mode": "provable", "work": 0}
    ]
    assert qr.read(picture) == link
    assert "has an address already" in alice.refused("address", "create")
    assert "waits for your answer" in alice.do("address", "show").err
    done = alice.do("address", "delete")
    assert (done.out, done.err.startswith("The address is deleted")) == ("", True)
    assert "graphchat address create" in alice.refused("address", "show")
    assert "graphchat address create" in alice.refused("address", "delete")
    assert alice.do("address", "create", "--accept-all").out.strip() != link
    assert alice.do("address", "show", "--json").rows[0]["accepts_all"] is True
    assert alice.do("address", "show").err.startswith("Everybody who asks there becomes")


def test_an_address_needs_a_relay(alice: Person) -> None:
    assert "graphchat servers add URI" in alice.refused("address", "create")
