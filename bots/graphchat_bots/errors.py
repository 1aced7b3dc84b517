"""What goes wrong in bots on purpose.

* `GraphchatError`
    * `UserError`: the only error whose text reaches the chat
        * `ArgumentError`: what somebody typed does not fit the command
        * `CancelledByUserError`: somebody has said /cancel to a question
        * `AskTimeoutError`: nobody answered a question in time
    * `StepError`: a step of a conversation failed
    * `ConversationBusyError`: a job asks in a chat where somebody is being asked already
    * `HandlerCancelledError`: what a handler waited for was cancelled
    * `StaleStateError`: another chat was faster; the handler runs again
    * `BotFaultsError`: the bot is written wrongly, and does not start
    * `ProviderError`: what a bot needs could not be opened or closed
    * `SettingsError`: a settings file is written wrongly
    * `TargetError`: `graphchat bot run` was given something that is no bot
"""

from collections.abc import Sequence

from graphchat.errors import GraphchatError


class UserError(GraphchatError):
    """That did not work."""


class ArgumentError(UserError):
    """I do not understand that."""


class CancelledByUserError(UserError):
    """Cancelled."""


class AskTimeoutError(UserError):
    """Nobody has answered, so I have stopped waiting."""


class StepError(GraphchatError):
    """A step has failed."""

    def __init__(self, step: str, error: str, text: str) -> None:
        super().__init__(f"The step {step} has failed.")
        self.step = step
        self.error = error
        """Name of the class of what it raised."""
        self.text = text
        """What it said; not for logs, for it may quote anything."""


class ConversationBusyError(GraphchatError):
    """Somebody is being asked something else in this chat."""


class HandlerCancelledError(GraphchatError):
    """What the handler waited for was cancelled."""


class StaleStateError(GraphchatError):
    """What the bot knows has changed while the handler ran."""


class BotFaultsError(GraphchatError):
    """The bot cannot start: something in it is written wrongly."""

    def __init__(self, name: str, faults: Sequence[str]) -> None:
        lines = "".join(f"\n  - {fault}" for fault in faults)
        super().__init__(f"The bot {name!r} cannot start:{lines}")
        self.faults = tuple(faults)


class ProviderError(GraphchatError):
    """What the bot needs to run could not be opened."""


class SettingsError(GraphchatError):
    """The settings of the bot cannot be read."""


class TargetError(GraphchatError):
    """This is no bot. Name a file such as shop.py, or an object such as shop.main:bot."""
