from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.bots.examples.standin import Answer, StandIn, event, says, stand_in

from graphchat_bots.examples.assistant import MOST_ASKED, MOST_REMEMBERED, MOST_SAID, PROMPT, bot
from graphchat_bots.examples.assistant_stream import AWAY, BAD_KEY, BROKEN
from graphchat_bots.testing.world import Level, World


@asynccontextmanager
async def serving(
    tmp_path: Path, patch: pytest.MonkeyPatch, *answers: Answer, level: Level = "memory"
) -> AsyncIterator[tuple[StandIn, World]]:
    async with stand_in(*answers) as model:
        patch.setenv("ASSISTANT_URL", model.url)
        patch.setenv("ASSISTANT_MODEL", "small")
        patch.delenv("ASSISTANT_PROMPT", raising=False)
        patch.delenv("ASSISTANT_KEY", raising=False)
        async with bot.testing(tmp_path, level) as world:
            yield model, world


def test_nothing_is_wrong_with_it() -> None:
    assert bot.check() == []


async def test_it_answers_and_remembers_until_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bot_level: Level
) -> None:
    async with serving(tmp_path, monkeypatch, level=bot_level) as (model, world):
        ann, ben = world.person("Ann"), world.person("Ben")
        assert await ann.says("one") == ["answer 1"]
        assert model.asked[0] == {
            "model": "small",
            "messages": [
                {"role": "system", "content": PROMPT},
                {"role": "user", "content": "one"},
            ],
            "stream": True,
        }
        assert model.keys == [""]
        await world.crash()
        assert await ann.says("two") == ["answer 2"]
        assert model.contents() == ["one", "answer 1", "two"]
        assert await ben.says("hello") == ["answer 3"]
        assert model.contents() == ["hello"]
        assert await ann.says("/new") == ["OK, all is forgotten."]
        assert await ann.says("three") == ["answer 4"]
        assert model.contents() == ["three"]


async def test_in_a_group_it_answers_who_mentions_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(tmp_path, monkeypatch) as (model, world):
        ann, ben = world.person("Ann"), world.person("Ben")
        room = await world.group("Hikers", ann, ben)
        assert await ann.says("who knows?", to=room) == []
        assert model.asked == []
        assert await ben.says("@assistant who knows?", to=room) == ["answer 1"]


async def test_the_key_and_the_prompt_come_from_the_environment_and_the_key_stays_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    async with stand_in(says("yes"), Answer(status=401, parts=(b"bad key sk-secret",))) as model:
        monkeypatch.setenv("ASSISTANT_URL", model.url)
        monkeypatch.setenv("ASSISTANT_KEY", "sk-secret\n")
        monkeypatch.setenv("ASSISTANT_PROMPT", "Be kind.")
        async with bot.testing(tmp_path) as world:
            ann = world.person("Ann")
            assert await ann.says("hello") == ["yes"]
            assert await ann.says("hello") == [BAD_KEY]
        assert model.keys == ["Bearer sk-secret"] * 2
        assert model.asked[0]["messages"][0]["content"] == "Be kind."
    printed = capfd.readouterr()
    assert "sk-secret" not in printed.out + printed.err


async def test_what_was_shown_stays_when_the_model_breaks_off_and_is_not_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    half = Answer((event("It is"), event(" a")), ending="break")
    async with serving(tmp_path, monkeypatch, half) as (model, world):
        ann = world.person("Ann")
        assert await ann.says("what is it?") == ["It is a", BROKEN]
        assert await ann.says("again") == ["answer 2"]
        assert model.contents() == ["again"]


async def test_after_a_crash_in_the_middle_there_is_one_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    half = Answer((event("It is"), event(" a")), ending="hang")
    async with serving(tmp_path, monkeypatch, half) as (model, world):
        ann = world.person("Ann")
        await ann.joins()
        await ann.sends("what is it?")
        await model.hanging.wait()
        await world.crash()
        assert await ann.hears() == ["answer 2"]
        await ann.says("again")
        assert model.contents() == ["what is it?", "answer 2", "again"]


async def test_an_endpoint_that_is_down_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with stand_in() as model:
        monkeypatch.setenv("ASSISTANT_URL", model.url)
    async with bot.testing(tmp_path) as world:
        assert await world.person("Ann").says("hello") == [AWAY]


async def test_answers_and_history_are_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = "\N{GRINNING FACE}" * (MOST_SAID - 1)
    answers = [says("x" * 10, "y" * MOST_SAID, "never"), says(long), says("ok")]
    async with serving(tmp_path, monkeypatch, *answers) as (model, world):
        ann = world.person("Ann")
        assert await ann.says("?" * (MOST_ASKED + 1)) == ["At most 4,000 characters, please."]
        assert model.asked == []
        cut = "x" * 10 + "y" * (MOST_SAID - 10)
        assert await ann.says("a") == [cut, "That is as much as I say at once."]
        # What is largest fits, and takes the place of what was before.
        question = "\N{GRINNING FACE}" * MOST_ASKED
        assert await ann.says(question) == [long]
        assert model.contents() == ["a", cut, question]
        assert await ann.says("b") == ["ok"]
        assert model.contents() == [question, long, "b"]
        await ann.says("c")
        assert model.contents() == ["b", "ok", "c"]
        assert len(question) + len(long) <= MOST_REMEMBERED


async def test_an_answer_without_words_is_said_to_be_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(tmp_path, monkeypatch, says(" ", "\n")) as (model, world):
        ann = world.person("Ann")
        assert await ann.says("a") == ["The model has nothing to say to that."]
        await ann.says("b")
        assert model.contents() == ["b"]


async def test_only_text_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    async with serving(tmp_path, monkeypatch) as (model, world):
        assert await world.person("Ann").says(tmp_path / "notes.txt") == ["I read only text."]
        assert model.asked == []


async def test_nobody_asks_too_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(tmp_path, monkeypatch) as (model, world):
        ann = world.person("Ann")
        heard = [await ann.says("go on") for _ in range(11)]
        assert heard[9] == ["answer 10"]
        assert len(model.asked) == 10
        assert await world.person("Ben").says("hello") == ["answer 11"]
