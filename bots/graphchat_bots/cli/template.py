"""The bot that ``graphchat bot new`` writes."""

import re
import sys
from importlib.util import find_spec
from keyword import iskeyword
from pathlib import Path
from string import Template
from typing import Final

from graphchat_bots.cli.starters import STARTERS, Kind
from graphchat_bots.errors import TargetError

_NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,39}")

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

The image runs it as user 10001; its data is in the volume `/data`. `bot.toml` has its settings,
`values.yaml` is for Kubernetes.
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
COPY $module.py bot.toml /bot/
ENV PATH=/app/bin:$$PATH GRAPHCHAT_HOME=/data PYTHONUNBUFFERED=1
# /livez, /readyz and /metrics. For probes from outside: 0.0.0.0:9464, on a private network.
ENV GRAPHCHAT_BOT_HEALTH=127.0.0.1:9464
WORKDIR /bot
USER 10001
VOLUME /data
# SIGTERM lets what has begun end, for 20 seconds: give it 30 with docker stop --time 30.
HEALTHCHECK --interval=1m --timeout=10s --start-period=1m CMD ["python", "-c", \\
    "from urllib.request import urlopen; urlopen('http://127.0.0.1:9464/livez', timeout=5)"]
CMD ["graphchat", "bot", "run", "$module.py"]
""")

DOCKERIGNORE: Final = Template("""*
!pyproject.toml
!$module.py
!bot.toml
""")

SETTINGS: Final = Template("""\
# Settings of $name. What is written in Bot(...) wins over them, and they over the environment.
[$name]
# Create URIs of relays that it receives through: what graphchat relay serve prints.
# relays = ["https://relay.example/q#..."]
# Where its data lives.
# home = "/data"
# Where /livez, /readyz and /metrics are served; nowhere by default. Keep the port private.
# health = "127.0.0.1:9464"
# Plugins to take in.
# plugins = []

# [$name.limits]
# How often an event is tried before it is set aside.
# tries = 3
# Seconds that one handler may run.
# patience = 300
# Seconds that a stop waits for handlers that have begun.
# drain = 20
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


def create(name: str, where: Path, kind: Kind = Kind.ECHO) -> Path:
    """Write a bot, its tests, and what it takes to ship it; return the file of the bot.

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
        f"{module}.py": STARTERS[kind].bot,
        f"test_{module}.py": STARTERS[kind].test,
        "bot.toml": SETTINGS,
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
