"""The bot that ``graphchat bot new`` writes."""

import re
import sys
from importlib.util import find_spec
from keyword import iskeyword
from pathlib import Path
from string import Template
from typing import Final

from graphchat_bots.errors import TargetError

_NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,39}")

BOT: Final = Template('''"""The bot $name: it says again what it is told."""

from graphchat_bots import Bot, Message

bot = Bot("$name")


@bot.message()
async def echo(msg: Message) -> str:
    return msg.text


if __name__ == "__main__":
    bot.run()
''')

TEST: Final = Template('''"""Tests of $name: without a network, in milliseconds."""

from pathlib import Path

from $module import bot


async def test_it_says_again_what_it_is_told(tmp_path: Path) -> None:
    async with bot.testing(tmp_path) as world:
        ann = world.person("Ann")
        assert await ann.says("hello") == ["hello"]
        assert await ann.says("/help") != []
''')

PROJECT: Final = Template("""[project]
name = "$name"
version = "0.0.1"
requires-python = ">=3.11"
dependencies = ["graphchat[bots]"]

[project.optional-dependencies]
test = ["pytest", "pytest-asyncio"]

[tool.setuptools]
py-modules = ["$module"]

[tool.pytest.ini_options]
asyncio_mode = "auto"
asyncio_default_fixture_loop_scope = "function"
""")

README: Final = Template("""# $name

A bot for graphchat.

    pip install pytest pytest-asyncio   # once
    python -m pytest                    # test it, without a network
    graphchat bot check $module.py      # say what is wrong with it
    graphchat bot dev $module.py --with-relay  # run it here, again at each change
    graphchat bot run $module.py --relay URI
    graphchat bot doctor $module.py     # see whether all is well

`URI` is the line that `graphchat relay serve` prints. The bot prints a link: whoever has it can
talk with the bot, for example with `graphchat connect LINK`.

    docker build -t $name .
    docker run -v $name-data:/data -e GRAPHCHAT_RELAYS=URI $name

The image runs it as user 10001; its data is in the volume `/data`. `values.yaml` is for
Kubernetes.
""")


DOCKERFILE: Final = Template("""# docker build -t $name .
# docker run -v $name-data:/data -e GRAPHCHAT_RELAYS=URI $name
ARG BASE_IMAGE=python:3.12-slim

FROM $${BASE_IMAGE} AS build
WORKDIR /src
COPY pyproject.toml $module.py ./
RUN python -m venv /app && /app/bin/pip install --no-cache-dir .

FROM $${BASE_IMAGE}
RUN useradd --uid 10001 --create-home bot && install -d -o bot -g bot -m 700 /data
COPY --from=build /app /app
COPY $module.py /bot/
ENV PATH=/app/bin:$$PATH GRAPHCHAT_HOME=/data PYTHONUNBUFFERED=1
WORKDIR /bot
USER 10001
VOLUME /data
# SIGTERM lets what has begun end, for 20 seconds: give it 30 with docker stop --time 30.
HEALTHCHECK --interval=5m --timeout=30s --start-period=1m \\
    CMD ["graphchat", "bot", "doctor", "$module.py"]
CMD ["graphchat", "bot", "run", "$module.py"]
""")

DOCKERIGNORE: Final = Template("""*
!pyproject.toml
!$module.py
""")

GITIGNORE: Final = Template("""__pycache__/
.pytest_cache/
.venv/
*.backup
*.egg-info/
build/
# What the bot knows, if its home is here: keys and messages are no part of its code.
home/
""")

VALUES: Final = Template("""# Values of $name for the Helm chart charts/bot of graphchat.
image:
  repository: $name
  tag: "0.0.1"
# A bot is one process with one database: never two of it beside each other.
replicaCount: 1
env:
  # Create URIs of relays, with spaces between them: what graphchat relay serve prints.
  GRAPHCHAT_RELAYS: ""
# The Secret whose key GRAPHCHAT_PASSPHRASE protects the data.
existingSecret: ""
storage:
  # Of /data: addresses, contacts, states, jobs. It must outlive the pod.
  size: 1Gi
  storageClass: ""
""")


def create(name: str, where: Path) -> Path:
    """Write a bot, its test, and what it takes to ship it; return the file of the bot.

    Raises `TargetError` if ``name`` cannot be used, or the folder exists.
    """
    module = name.replace("-", "_")
    if not _NAME.fullmatch(name):
        raise TargetError(
            f"{name!r} is no name for a bot: a lower-case letter, then up to 39 letters,"
            " digits, - and _."
        )
    if iskeyword(module):
        raise TargetError(f"{module} is a word of Python. Choose another name.")
    if _is_taken(module, where):
        raise TargetError(f"A file {module}.py would hide a module. Choose another name.")
    folder = where / name
    try:
        folder.mkdir()
    except FileExistsError:
        raise TargetError(f"{folder.name} exists already. Choose another name.") from None
    files = {
        f"{module}.py": BOT,
        f"test_{module}.py": TEST,
        "pyproject.toml": PROJECT,
        "README.md": README,
        "Dockerfile": DOCKERFILE,
        ".dockerignore": DOCKERIGNORE,
        ".gitignore": GITIGNORE,
        "values.yaml": VALUES,
    }
    for file, template in files.items():
        (folder / file).write_text(template.substitute(name=name, module=module))
    return folder / f"{module}.py"


def _is_taken(module: str, where: Path) -> bool:
    if module in sys.stdlib_module_names or module.startswith(("conftest", "graphchat", "test")):
        return True
    spec = find_spec(module)
    if spec is None or spec.origin is None:  # a folder that happens to have this name
        return False
    # What lies in this folder is no library; the bot goes into one of its own.
    return where.resolve() not in Path(spec.origin).resolve().parents[:2]
