from graphchat.client.names import Names


def taken(*names: str) -> Names:
    found = Names()
    for name in names:
        found.add(name)
    return found


def test_a_name_that_looks_like_another_gets_a_number() -> None:
    names = taken("Bob", "Bob 2")
    wanted = ("Bob", "bob ", "Bob\u200b", "B\u043eb", "BOB", "Rob")
    assert [names.free(name) for name in wanted] == [
        "Bob 3",
        "bob  3",
        "Bob\u200b 3",
        "B\u043eb 3",
        "BOB 3",
        "Rob",
    ]


def test_a_name_is_free_again_once_nobody_has_it() -> None:
    names = taken("Bob", "bob")
    names.discard("Bob")
    assert not names.is_free("Bob")
    names.discard("bob")
    assert names.is_free("Bob")
    names.discard("Bob")
    names.add("Bob")
    assert not names.is_free("bob")


def test_thousands_of_one_name_are_counted_quickly() -> None:
    names = Names()
    found = []
    for _ in range(3000):
        found.append(names.free("Bob"))
        names.add(found[-1])
    assert found[:3] == ["Bob", "Bob 2", "Bob 3"]
    assert len({name.casefold() for name in found}) == 3000
