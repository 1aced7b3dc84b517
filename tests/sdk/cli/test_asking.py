import pytest

from graphchat.cli import asking
from graphchat.cli.errors import WrongUsageError
from graphchat.cli.said import said
from graphchat.content import FormField, Option
from graphchat.errors import ContentError


def test_buttons_have_numbers_or_ids_of_ones_own() -> None:
    found = asking.buttons("Tea?", ["Yes, please", "no=Not now", "1 = one"])
    assert found.options == (
        Option("1", "Yes, please"),
        Option("no", "Not now"),
        Option("3", "1 = one"),
    )


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("name: Your name", FormField("name", "Your name", required=True)),
        ("note (text, optional): More?", FormField("note", "More?")),
        ("seats (number): How many: 1, 2?", FormField("seats", "How many: 1, 2?", "number", True)),
        (
            "table(choice: in, out): Where?",
            FormField("table", "Where?", "choice", required=True, choices=("in", "out")),
        ),
        ("vegan (yes-no, optional): Vegan?", FormField("vegan", "Vegan?", "yes-no")),
    ],
)
def test_a_field_is_written_as_it_is_shown(text: str, field: FormField) -> None:
    form = asking.form("A table", [text])
    assert form.fields == (field,)
    _, shown = said(form).split("\n    ")
    assert asking.form("A table", [shown]) == form


@pytest.mark.parametrize("text", ["", "name", "Name: x", "name ( : x", "a (text, maybe): x"])
def test_what_is_no_field_is_explained(text: str) -> None:
    with pytest.raises(WrongUsageError, match="is no field\\. Like these: --field 'name"):
        asking.form("A table", [text])


def test_a_field_that_cannot_be_is_refused() -> None:
    with pytest.raises(ContentError, match="A field is one of: text, number"):
        asking.form("A table", ["name (colour): x"])
    with pytest.raises(ContentError, match="number of choices"):
        asking.form("A table", ["name (choice): x"])
