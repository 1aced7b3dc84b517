import asyncio
import json
import re
import shlex
import signal
import subprocess
from pathlib import Path

import pytest
from tests.bots.cli.conftest import PROGRAM, Run, environment
from tests.bots.cli.screen import terminal
from tests.bots.talking import Talker

from graphchat.client import Client, Profile
from graphchat.codes import Code
from graphchat_bots.local_relay import local_relay


def test_a_new_bot_tells_what_to_do_next(here: Run, tmp_path: Path) -> None:
    done = here("bot", "new", "hello")
    assert done.returncode == 0
    assert "cd hello && pip install pytest pytest-asyncio && python -m pytest\n" in done.stderr
    assert "graphchat bot run hello.py --relay URI\n" in done.stderr
    assert (tmp_path / "hello" / "hello.py").is_file()
    again = here("bot", "new", "hello")
    assert again.returncode == 1
    assert again.stderr == "hello exists already. Choose another name.\n"


def test_a_target_that_is_no_bot_is_one_line(here: Run) -> None:
    done = here("bot", "run", "none.py")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("There is no file none.py.")
    assert done.stderr.count("\n") == 1


def test_check_lists_all_faults(here: Run, tmp_path: Path) -> None:
    here("bot", "new", "hello")
    assert here("bot", "check", "hello/hello.py").stderr == "hello: nothing is wrong.\n"
    with (tmp_path / "hello" / "hello.py").open("a") as file:
        file.write("\n@bot.command()\nasync def a(x: bytes) -> None: ...\n")
        file.write("\n@bot.command(name='a')\nasync def b() -> None: ...\n")
    done = here("bot", "check", "hello/hello.py")
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        (
            "hello/hello.py:16: command a: parameter 'x': "
            "words cannot become bytes, and nothing provides it"
        ),
        "hello/hello.py:19: command /a: there are two with this name",
    ]
    done = here("bot", "check", "hello/hello.py", "--json")
    assert done.returncode == 1
    assert [json.loads(line) for line in done.stdout.splitlines()][1] == {
        "place": "hello/hello.py:19",
        "text": "command /a: there are two with this name",
    }


def test_check_says_that_a_file_ends_the_program(here: Run, tmp_path: Path) -> None:
    (tmp_path / "leaves.py").write_text("raise SystemExit(0)\n")
    done = here("bot", "check", "leaves.py")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("leaves.py:1: cannot be loaded: it ends the program.")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "command",
    [
        ("bot",),
        *(
            ("bot", name)
            for name in ("new", "run", "check", "dev", "link", "admin", "doctor", "backup")
        ),
        *(("bot", "dead-letter", name) for name in ("list", "retry", "drop")),
        ("demo",),
    ],
)
def test_every_command_shows_an_example(here: Run, command: tuple[str, ...]) -> None:
    assert f"Example: graphchat {' '.join(command)}" in here(*command, "--help").stdout


def test_a_bot_without_a_relay_says_what_to_do(here: Run, run: Run) -> None:
    here("bot", "new", "hello")
    done = run("bot", "run", "hello/hello.py")
    assert done.returncode == 1
    assert "no relay to receive through" in done.stderr
    assert "graphchat servers add URI" in done.stderr


async def test_a_bot_that_runs_prints_its_link_and_answers(here: Run, tmp_path: Path) -> None:
    here("bot", "new", "hello")
    async with local_relay(None) as relay:
        with subprocess.Popen(  # noqa: ASYNC220 - it starts quickly
            [*PROGRAM, "bot", "run", "hello/hello.py", "--relay", relay],
            cwd=tmp_path,
            env=environment(tmp_path / "home"),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            talker = await Talker.begin(process, tmp_path, relay)
            assert await talker.asks("hi") == "hi"
            await talker.end()
            process.send_signal(signal.SIGTERM)
            _, errors = await talker.communicate()
        assert process.returncode == 0
    assert "hello runs." in errors
    assert "Without a passphrase the key" in errors
    assert "SIGTERM: finishing what has begun." in errors
    assert "Traceback" not in errors


async def test_several_bots_run_in_one_process(here: Run, tmp_path: Path) -> None:
    for name in ("one", "two"):
        here("bot", "new", name)
    async with local_relay(None) as relay:
        with subprocess.Popen(  # noqa: ASYNC220 - it starts quickly
            [*PROGRAM, "bot", "run", "one/one.py", "two/two.py", "--relay", relay],
            cwd=tmp_path,
            env=environment(tmp_path / "home"),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout is not None
            links = {await asyncio.to_thread(process.stdout.readline) for _ in range(2)}
            process.send_signal(signal.SIGTERM)
            _, errors = await asyncio.to_thread(process.communicate)
        assert process.returncode == 0
    assert len(links) == 2
    assert "one runs." in errors
    assert "two runs." in errors
    assert "Traceback" not in errors


@pytest.mark.slow
async def test_the_code_is_drawn_where_it_fits(here: Run, tmp_path: Path) -> None:
    here("bot", "new", "hello")
    command = ("bot", "run", "hello/hello.py", "--relay")
    async with local_relay(None) as relay:
        with terminal(tmp_path, *command, relay, columns=120) as wide:
            await asyncio.to_thread(wide.until, lambda lines: "Choose a pass" in "".join(lines))
            wide.child.sendline("")
            await asyncio.to_thread(wide.until, lambda lines: "▀" in "".join(lines))
        with terminal(tmp_path, *command, relay, columns=50) as narrow:
            lines = await asyncio.to_thread(
                narrow.until, lambda lines: "this one has 50." in "".join(lines)
            )
    assert "The QR code needs a terminal of" in "".join(lines)
    assert "▀" not in "".join(lines)


async def run_once(tmp_path: Path, relay: str) -> tuple[str, str]:
    """Run the bot until it has printed its link; return the link and what else it has said."""
    with subprocess.Popen(  # noqa: ASYNC220 - it starts quickly
        [*PROGRAM, "bot", "run", "hello/hello.py", "--relay", relay],
        cwd=tmp_path,
        env=environment(tmp_path / "home"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        link = (await asyncio.to_thread(process.stdout.readline)).strip()
        process.terminate()
        _, errors = await asyncio.to_thread(process.communicate)
        return link, errors


@pytest.mark.slow
async def test_another_relay_than_that_of_the_address_is_not_ignored(
    here: Run, run: Run, tmp_path: Path
) -> None:
    here("bot", "new", "hello")
    async with local_relay(None) as old, local_relay(None) as new:
        link, errors = await run_once(tmp_path, old)
        assert "made earlier" not in errors
        again, errors = await run_once(tmp_path, new)
        assert again == link
        [sentence] = [line for line in errors.splitlines() if "made earlier" in line]
        assert f"still goes by {old.partition('#')[0]}, not by the relays named now" in sentence
        # What it tells to do does it.
        found = re.search("graphchat (--home .*) address delete", sentence)
        assert found is not None
        deletion = [*shlex.split(found[1]), "address", "delete"]
        done = await asyncio.to_thread(run, *deletion)
        assert done.returncode == 0, done.stderr
        fresh, errors = await run_once(tmp_path, new)
    assert "made earlier" not in errors
    bases = {lane.base for lane in Code.parse(fresh).lanes}
    assert bases == {uri.partition("#")[0] for uri in (old, new)}


@pytest.mark.slow
async def test_a_bot_receives_through_the_relays_of_its_home(here: Run, tmp_path: Path) -> None:
    here("bot", "new", "hello")
    async with local_relay(None) as relay:
        async with Client(tmp_path / "home" / "client.db", relays=[relay]) as client:
            await client.create_profile(Profile("Ann"))
        with subprocess.Popen(  # noqa: ASYNC220 - it starts quickly
            [*PROGRAM, "bot", "run", "hello/hello.py"],
            cwd=tmp_path,
            env=environment(tmp_path / "home"),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            talker = await Talker.begin(process, tmp_path, relay)
            assert re.fullmatch("GRAPHCHAT:ADDRESS/[A-Z2-7]+", talker.link)
            await talker.end()
            process.send_signal(signal.SIGINT)
            await talker.communicate()
        assert process.returncode == 0
