from graphchat.store import Cursor, Database
from graphchat_bots.roles import Role, RoleChange
from graphchat_bots.store.roles import USED_FOR, change_roles, forget_used, holders, is_used


def change(
    sender: str, role: Role = Role.ADMIN, *, grant: str = "", at: float = 10.0
) -> RoleChange:
    return RoleChange(sender, sender.title(), role, at, grant)


async def roles(database: Database) -> dict[str, Role]:
    return {holder.name: holder.role for holder in await database.read(holders)}


async def apply(database: Database, *changes: RoleChange) -> None:
    await database.write(lambda cursor: change_roles(cursor, changes))


async def test_roles_are_granted_changed_and_taken_back(database: Database) -> None:
    await apply(database, change("ann"), change("bob", Role.MODERATOR))
    assert await roles(database) == {"Ann": Role.ADMIN, "Bob": Role.MODERATOR}
    await apply(database, change("bob"), change("ann", Role.MEMBER))
    assert await roles(database) == {"Bob": Role.ADMIN}


async def test_an_invitation_is_used_up_by_the_first(database: Database) -> None:
    await apply(database, change("ann", grant="g"))
    await apply(database, change("eve", grant="g"), change("ann", grant="g"))
    assert await roles(database) == {"Ann": Role.ADMIN}
    assert await database.read(lambda cursor: is_used(cursor, "g"))
    assert not await database.read(lambda cursor: is_used(cursor, "h"))


async def test_a_number_stays_with_its_holder(database: Database) -> None:
    await apply(database, change("ann"), change("bob"), change("ann", Role.MEMBER))
    (bob,) = await database.read(holders)
    assert (bob.number, bob.sender, bob.at) == (2, "bob", 10.0)


async def test_used_invitations_are_forgotten_when_they_have_long_expired(
    database: Database,
) -> None:
    await apply(database, change("ann", grant="old"), change("bob", grant="new", at=20.0))

    def sweep(cursor: Cursor) -> list[bool]:
        forget_used(cursor, 15.0 + USED_FOR)
        return [is_used(cursor, "old"), is_used(cursor, "new")]

    assert await database.write(sweep) == [False, True]
