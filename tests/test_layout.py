"""Every module has its test module, and every test module its module."""

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent
PACKAGES: Final = {
    "sdk": "graphchat",
    "relay": "graphchat_relay",
    "bots": "graphchat_bots",
    "bridges": "graphchat_bridges",
}
# Modules that the tests of others run. Nothing is added here without a reason.
HANDSHAKE: Final = "a step of connecting: test_profile, test_request and test_crash run every one"
LOOP: Final = "a part of the client's loop: test_engine and test_crash run it"
GROUPS: Final = "a part of groups: test_group, test_hosting, test_own and test_letters run it"
DEVICES: Final = "a part of devices: test_driver, test_branching and test_removal run it"
TOOL: Final = "a tool of tests: a fault of its own fails those that use it"
FILES: Final = "a part of files: test_uploads and test_fetching run it"
SCHEMA: Final = "test_models compares the schema with the models"
CONVERSATION: Final = "a part of conversations: test_keeper and test_context run it"
INDIRECT: Final = {
    "bots/conversation/calls": CONVERSATION,
    "bots/conversation/record": CONVERSATION,
    "bots/conversation/run": CONVERSATION,
    "bots/conversation/talk": CONVERSATION,
    "bots/doing": CONVERSATION,
    "bots/surroundings": "plain values with defaults",
    "sdk/ids": "names for types: nothing runs in it",
    "sdk/core/proof/findings": "plain records: test_verify compares them",
    "sdk/core/effects": "plain records: the machines' tests compare them",
    "sdk/client/accept": HANDSHAKE,
    "sdk/client/address_state": HANDSHAKE,
    "sdk/client/apply": LOOP,
    "sdk/client/context": LOOP,
    "sdk/client/controls": "one table: each feature tests its rows by what its messages do",
    "sdk/client/live": LOOP,
    "sdk/client/files/filling": FILES,
    "sdk/client/files/receipt": FILES,
    "sdk/client/files/records": FILES,
    "sdk/client/files/removing": FILES,
    "sdk/client/files/rows": FILES,
    "sdk/client/saying": "test_talking says everything by it, and test_crash dies in it",
    "sdk/client/devices/backlog": DEVICES,
    "sdk/client/devices/device": DEVICES,
    "sdk/client/devices/events": DEVICES,
    "sdk/client/devices/handlers": DEVICES,
    "sdk/client/devices/lines": DEVICES,
    "sdk/client/devices/lists": DEVICES,
    "sdk/client/devices/own": DEVICES,
    "sdk/client/devices/records": DEVICES,
    "sdk/client/devices/registry": DEVICES,
    "sdk/client/devices/rows": DEVICES,
    "sdk/client/devices/state": DEVICES,
    "sdk/client/devices/sync": DEVICES,
    "sdk/client/devices/telling": DEVICES,
    "sdk/client/devices/told": DEVICES,
    "sdk/client/groups/admission": GROUPS,
    "sdk/client/groups/entries": GROUPS,
    "sdk/client/groups/events": GROUPS,
    "sdk/client/groups/forward": GROUPS,
    "sdk/client/groups/joining": GROUPS,
    "sdk/client/groups/keeper": GROUPS,
    "sdk/client/groups/live": GROUPS,
    "sdk/client/groups/load": GROUPS,
    "sdk/client/groups/posts": GROUPS,
    "sdk/client/groups/progress": GROUPS,
    "sdk/client/groups/records": GROUPS,
    "sdk/client/groups/registry": GROUPS,
    "sdk/client/groups/request": GROUPS,
    "sdk/client/groups/rows": GROUPS,
    "sdk/client/groups/telling": GROUPS,
    "sdk/client/groups/views": GROUPS,
    "sdk/client/groups/wants": GROUPS,
    "sdk/client/rows": LOOP,
    "sdk/client/stored": LOOP,
    "sdk/client/events": "plain records: test_stream makes each of them",
    "sdk/client/receipt": "test_contact waits for receipts in each way",
    "sdk/testing/disk": TOOL,
    "sdk/testing/hostile": TOOL,
    "sdk/testing/pair": TOOL,
    "sdk/testing/plugin": TOOL,
    "sdk/testing/queues": TOOL,
    "sdk/testing/side": TOOL,
    "relay/cli/home": "every command of the relay finds its home by it, and fails by it",
    "relay/store/asyncpg_backend": "test_postgres opens every database by it",
    "relay/store/pgsql": "test_postgres runs every statement",
    "relay/service/shared": "what the parts of a relay share: test_relay joins them by it",
    "relay/line": "what lines and their receivers agree on: nothing runs in it",
    "bots/cli/options": "an argument of every command: nothing runs in it",
    "bots/testing/memory_rooms": "test_room and test_acting talk in groups by it",
    "bots/testing/relay_groups": "test_room and test_acting talk in groups by it",
    "bots/testing/watched": "test_port puts it to the test of every port",
    "bots/store/migrations/m0001_initial": SCHEMA,
    "bots/store/migrations/m0005_conversations": SCHEMA,
    "bots/store/migrations/m0003_roles": SCHEMA,
    "bots/store/migrations/m0004_replies": SCHEMA,
    "bots/store/migrations/m0002_groups": SCHEMA,
}
# Tests of a whole, which no single module is.
WHOLE: Final = {
    "sdk/client/amending_crash": "a client that dies while messages are edited and deleted",
    "sdk/client/crash": "a client that dies at any boundary",
    "sdk/client/offrecord/deniable": "a real chat and a made-up one before one judge",
    "sdk/client/groups/crash": "a host and a member that die at any boundary",
    "sdk/client/devices/crash": "a device that dies while it is linked",
    "sdk/core/man_in_the_middle": "somebody in between, at each place where he cannot",
    "sdk/core/private": "a conversation that either side could have made up",
    "sdk/core/connection_hostile": "a contact with the right keys who breaks the rules",
    "sdk/crypto/ratchet_oracle": "two other double ratchets make the same bytes",
    "sdk/store/crash": "processes that die while they write",
    "sdk/store/upgrade": "homes of released versions, opened by this one",
    "sdk/store/damage": "files with flipped and missing bytes",
}


def modules() -> set[str]:
    return {
        f"{folder}/{path.relative_to(ROOT / folder / package).with_suffix('')}"
        for folder, package in PACKAGES.items()
        for path in (ROOT / folder / package).rglob("[!_]*.py")
    }


def mirrored() -> set[str]:
    return {
        str(path.relative_to(ROOT / "tests").with_name(path.stem.removeprefix("test_")))
        for folder in PACKAGES
        for path in (ROOT / "tests" / folder).rglob("test_*.py")
    }


def test_every_module_has_its_tests() -> None:
    assert modules() - mirrored() == INDIRECT.keys()


def test_every_test_has_its_module() -> None:
    assert mirrored() - modules() == WHOLE.keys()


def test_every_exception_has_a_reason() -> None:
    assert all(len(reason.split()) > 3 for reason in [*INDIRECT.values(), *WHOLE.values()])
