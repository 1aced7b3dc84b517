"""The full screen of `graphchat chat`: contacts on the left, a conversation, a line to type.

Needs textual, which comes with ``graphchat[tui]``.
"""

from collections.abc import Sequence
from typing import ClassVar, Final, final

from rich.text import Text as Styled
from textual import work
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.css.query import NoMatches
from textual.suggester import SuggestFromList
from textual.widgets import Input, OptionList, RichLog, Static
from textual.widgets.option_list import Option

from graphchat.cli import events, orders
from graphchat.cli.output import plain
from graphchat.cli.terminal import NARROWEST, Terminal
from graphchat.client import (
    Contact,
    ContactTyping,
    Event,
    MessageDelivered,
    MessageReceived,
    OwnProfile,
)
from graphchat.errors import GraphchatError

# Lines of a conversation that are shown; older ones are in `graphchat history`.
SHOWN: Final = 200
# Seconds that somebody is said to be typing.
TYPING: Final = 8.0
# Seconds until a line is drawn once more: no event tells that a relay has it.
SENT: Final = 1.0
SAY: Final = "Say something"
HELP: Final = "Type and press Enter. :help shows what else you can do; Tab changes the side."


@final
class Screen(App[None]):
    """A conversation with one contact, and who else there is."""

    CSS = """
    #contacts { width: 24; border: none; border-right: solid $primary; }
    #typing { height: 1; color: $text-muted; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+d", "quit", "End", priority=True)]
    ENABLE_COMMAND_PALETTE = False

    def __init__(self, profile: OwnProfile, contact: Contact | None) -> None:
        super().__init__()
        self._profile = profile
        self._contact = contact
        self._known: Sequence[Contact] = ()

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield OptionList(id="contacts")
            with Vertical():
                yield RichLog(id="talk", wrap=True)
                yield Static(HELP, id="typing", markup=False)
                yield Input(id="line", placeholder=SAY)

    async def on_mount(self) -> None:
        self.title = plain(self._profile.name)
        await self._list()
        if self._contact is None and self._known:
            self._contact = self._known[0]
        self.query_one("#line", Input).focus()
        self._listen()

    # What comes in

    @work
    async def _listen(self) -> None:
        """Show what happens until the end. What was shown is not shown again by `receive`."""
        try:
            await self._follow()
        except NoMatches:
            # At the end the screen is taken down before this task is.
            if self.query("#talk"):
                raise

    async def _follow(self) -> None:
        last = 0
        await self._show()
        while True:
            await self._profile.wait_events(last)
            found = await self._profile.pending_events(last)
            for event in found:
                await self._tell(event)
            await self._profile.acknowledge([event.id for event in found])
            last = found[-1].id if found else last
            await self._list()
            await self._show()

    async def _tell(self, event: Event) -> None:
        match event:
            case ContactTyping(contact=contact, active=active) if contact == self._contact:
                self._say(f"{contact.name} is typing ..." if active else "")
            case MessageReceived() | MessageDelivered() | ContactTyping():
                pass  # in the conversation, or in the number beside its contact
            case _:
                self.notify(events.line(event), markup=False)

    async def _list(self) -> None:
        """Show who there is, how sure that is, and how much of theirs nobody has seen."""
        self._known = [each for each in await self._profile.contacts() if each.kind != "device"]
        options = self.query_one("#contacts", OptionList)
        labels = []
        for contact in self._known:
            unread = 0 if contact == self._contact else await contact.unread()
            count = f" ({unread})" if unread else ""
            label = f"{contact.trust} {plain(contact.name)}{count}"
            labels.append(Option(Styled(label), id=contact.id))
        place = options.highlighted
        options.clear_options()
        options.add_options(labels)
        options.highlighted = place

    async def _show(self) -> None:
        """Draw the conversation anew: any line of it may have changed."""
        talk = self.query_one("#talk", RichLog)
        talk.clear()
        contact = self._contact
        if contact is None:
            talk.write(Styled("Nobody yet. Invite somebody: graphchat invite"))
            return
        look = Terminal(max(talk.size.width - 1, NARROWEST), colours=not self.no_color)
        for line in await contact.history(limit=SHOWN):
            text = events.shown(self._profile.name, contact.name, line, "", look)
            talk.write(Styled.from_ansi(f"{line.id.hex()[:4]} {text}"))
        await self._offer(contact)
        await contact.read()
        self.sub_title = f"{plain(contact.name)} (trust {contact.trust})"

    async def _offer(self, contact: Contact) -> None:
        """Offer what a bot understands: in the empty line, and behind a slash."""
        found = [f"/{each.name}" for each in await contact.commands()]
        line = self.query_one("#line", Input)
        line.placeholder = " ".join([SAY, *(["or:", *found] if found else [])])
        line.suggester = SuggestFromList(found) if found else None

    def _say(self, text: str) -> None:
        self.query_one("#typing", Static).update(Styled(plain(text)))
        if text:
            self.set_timer(TYPING, lambda: self._say(""))

    # What is typed

    async def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self._contact = next(each for each in self._known if each.id == event.option.id)
        await self._list()
        await self._show()
        self.query_one("#line", Input).focus()

    async def on_input_changed(self, event: Input.Changed) -> None:
        if self._contact is not None and event.value and not event.value.startswith(":"):
            await self._contact.typing()

    async def on_input_submitted(self, event: Input.Submitted) -> None:
        text = event.value
        if self._contact is None or not text.strip():
            return
        event.input.clear()
        try:
            if told := await orders.obey(self._contact, text):
                self.notify(told, markup=False)
        except (GraphchatError, OSError) as error:
            self.notify(plain(str(error)), severity="error", markup=False)
            event.input.value = text
        await self._show()
        self.set_timer(SENT, self._show)
