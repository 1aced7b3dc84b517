"""The values of a bot's providers while it runs: opened at its start, closed at its stop."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from graphchat_bots.errors import ProviderError
from graphchat_bots.inlet import Inlet
from graphchat_bots.providers import Provider
from graphchat_bots.store import BotStore

if TYPE_CHECKING:
    from dishka import AsyncContainer

Provided = Mapping[object, object]
"""The one value of each type."""

NOTHING: Final[Provided] = MappingProxyType({})


@asynccontextmanager
async def opened(
    providers: Sequence[Provider], store: BotStore, inlet: Inlet, instead: Provided = NOTHING
) -> AsyncIterator[Provided]:
    """Open ``providers``, in this order; yield what they made, and close them backwards.

    They may have ``inlet`` as a parameter.

    What stands in ``instead`` takes the place of a provider, which is then not called. Raises
    `ProviderError` that names the first one that fails, once those before it are closed and
    ``store`` has noted that the bot did not crash.
    """
    if not providers:  # and no time is spent on importing dishka
        yield NOTHING
        return
    container = _container(providers, inlet, instead)
    try:
        yield await _open_all(container, providers, store)
    finally:
        await _close(container)


def _container(providers: Sequence[Provider], inlet: Inlet, instead: Provided) -> "AsyncContainer":
    import dishka  # noqa: PLC0415 - only bots with providers pay for it

    source = dishka.Provider(scope=dishka.Scope.APP)
    source.from_context(provides=Inlet)
    for each in providers:
        if each.provides in instead:
            source.from_context(provides=each.provides)
        else:
            source.provide(each.factory, provides=each.provides)
    return dishka.make_async_container(source, context={**instead, Inlet: inlet})


async def _open_all(
    container: "AsyncContainer", providers: Sequence[Provider], store: BotStore
) -> Provided:
    try:
        return {each.provides: await _open(container, each) for each in providers}
    except ProviderError:
        await store.end()
        raise


async def _open(container: "AsyncContainer", provider: Provider) -> object:
    try:
        found: object = await container.get(provider.provides)
    except Exception as error:
        raise ProviderError(
            f"The provider {provider.name} failed, so the bot cannot start:"
            f" {type(error).__name__}: {error}"
        ) from error
    return found


async def _close(container: "AsyncContainer") -> None:
    try:
        await container.close()
    except ExceptionGroup as group:
        what = "; ".join(f"{type(error).__name__}: {error}" for error in group.exceptions)
        raise ProviderError(f"A provider failed while it was closed: {what}") from group
