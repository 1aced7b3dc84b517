from graphchat_bots.roles import Role


def test_roles_are_ordered() -> None:
    assert Role.MEMBER < Role.MODERATOR < Role.ADMIN


def test_a_role_has_a_name_for_people() -> None:
    assert [role.label for role in Role] == ["member", "moderator", "admin"]
