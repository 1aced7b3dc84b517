"""The groups of one profile: founding, joining, finding."""

import asyncio
from functools import partial
from pathlib import Path

from PIL import Image as Pillow

from graphchat.client import reach
from graphchat.client.apply import Applier
from graphchat.client.engine import Engine
from graphchat.client.groups import hosting, joining
from graphchat.client.groups.group import Group, handle
from graphchat.client.groups.live import LiveGroup
from graphchat.codes import GroupCode, qr
from graphchat.core.groups.actions import Settings
from graphchat.errors import NotFoundError, StateError


async def create(engine: Engine, profile: int, settings: Settings) -> Group:
    """Found a group. Raises `ContentError`, `RelayError`, `StateError`."""
    groups, name = engine.context.groups, engine.context.cards[profile].name
    made = await hosting.lanes(groups, profile)
    return handle(engine, await hosting.create(groups, profile, name, settings, made))


async def join(engine: Engine, profile: int, source: str | Path | Pillow.Image) -> Group:
    """Ask to be let into a group. Raises `CodeError`, `StateError`, `RelayError`."""
    groups, card = engine.context.groups, engine.context.cards[profile]
    code = await asyncio.to_thread(read, source)
    for host in code.hosts:
        reach.check(host, engine.context.relays)
    lanes = await joining.lanes_for(groups, profile, code.hosts[0])

    async def ask(turn: Applier) -> LiveGroup:
        if (known := groups.find(profile, code.group)) is not None:
            old = await groups.get(known)
            if old.status in {"asked", "member"}:
                raise StateError(f"You are in {old.name} already, or have asked to be.")
            await hosting.forget(groups, known, turn)
        group = joining.asking(groups, profile, code, card)
        groups.add(turn, group)
        await joining.connect(groups, turn, group, code.hosts[0], lanes, joining.first_host())
        return group

    return handle(engine, await engine.do(ask))


def read(source: str | Path | Pillow.Image) -> GroupCode:
    """Return the link in a text, or in a picture. Raises `CodeError`."""
    return GroupCode.parse(source if isinstance(source, str) else qr.read(source))


async def all_of(engine: Engine, profile: int) -> list[Group]:
    """Return all groups of a profile, by name."""
    groups = engine.context.groups
    rows = [row for row, (owner, _) in groups.index.groups.items() if owner == profile]
    found = [handle(engine, await groups.get(row)) for row in rows]
    return sorted(found, key=lambda group: (group.name.casefold(), group.row_id))


async def choose(engine: Engine, profile: int, name: str) -> Group:
    """Return the group with this name or id. Raises `NotFoundError`."""
    found = await all_of(engine, profile)
    named = [group for group in found if name in {group.name, group.id}]
    current = [group for group in named if group.status in {"asked", "member"}]
    if len(choice := current or named) == 1:
        return choice[0]
    if choice:
        ids = ", ".join(group.id for group in choice)
        raise NotFoundError(f"Several groups are called {name!r}. Choose by id: {ids}.")
    known = ", ".join(group.name for group in found[:10]) or "none yet"
    raise NotFoundError(f"There is no group {name!r}. Groups: {known}.")


async def forget_all(engine: Engine, profile: int) -> None:
    """Delete all groups of a profile that is deleted."""
    for group in await all_of(engine, profile):
        forget = partial(hosting.forget, engine.context.groups, group.row_id)
        await engine.do(forget)
