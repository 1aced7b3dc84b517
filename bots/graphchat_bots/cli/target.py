"""From what people type after ``graphchat bot run`` to the bot that they mean."""

import importlib
import importlib.util
import sys
from pathlib import Path
from traceback import extract_tb
from types import ModuleType

from graphchat.errors import GraphchatError
from graphchat_bots.bot import Bot, loading
from graphchat_bots.errors import TargetError


def load(target: str) -> Bot:
    """Return the bot in ``file.py``, ``file.py:name`` or ``module:name``.

    Raises `TargetError` if there is none, or it cannot be known which.
    """
    place, _, name = target.rpartition(":")
    if target.endswith(".py") or not place:
        place, name = target, ""
    token = loading.set(True)  # the last line of a bot may be bot.run()
    try:
        module = _file(Path(place)) if place.endswith(".py") else _module(place)
    finally:
        loading.reset(token)
    if not name:
        return _only(module, place)
    found = getattr(module, name, None)
    if isinstance(found, Bot):
        return found
    raise TargetError(f"{place} has no bot named {name}.{_known(module)}")


def _file(path: Path) -> ModuleType:
    if not path.is_file():
        raise TargetError(f"There is no file {path}. Begin a bot with: graphchat bot new NAME")
    # As `python FILE` does, so that the bot finds its neighbours.
    sys.path.insert(0, str(path.parent.resolve()))
    spec = importlib.util.spec_from_file_location(path.stem, path.resolve())
    if spec is None or spec.loader is None:
        raise TargetError(f"{path} is no Python file.")
    module = importlib.util.module_from_spec(spec)
    # Annotations of handlers are looked up in here.
    sys.modules[path.stem] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise _broken(str(path), error) from error
    return module


def _module(name: str) -> ModuleType:
    folder = Path(name)
    if folder.is_dir() and not (folder / "__init__.py").exists():
        raise TargetError(
            f"{name} is a folder. Name the file of the bot in it, such as {folder / 'shop.py'}."
        )
    sys.path.insert(0, str(Path.cwd()))
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and (name == error.name or name.startswith(f"{error.name}.")):
            raise TargetError(
                f"There is no module {error.name}. Name a file such as shop.py, or an object"
                " such as shop.main:bot."
            ) from None
        raise _broken(name, error) from error
    except (Exception, SystemExit) as error:
        raise _broken(name, error) from error


def _broken(place: str, error: Exception | SystemExit) -> Exception:
    if isinstance(error, GraphchatError):
        return error
    what = f"{type(error).__name__}: {error}"
    if isinstance(error, SystemExit):
        what = 'it ends the program. Put what does so below: if __name__ == "__main__":'
    return TargetError(f"{_where(place, error)} cannot be loaded: {what}")


def _where(place: str, error: BaseException) -> str:
    """Return the place with the line that failed, if it is a file."""
    if not place.endswith(".py") or isinstance(error, SyntaxError):  # that says it itself
        return place
    path = str(Path(place).resolve())
    lines = [each.lineno for each in extract_tb(error.__traceback__) if each.filename == path]
    return f"{place}:{lines[-1]}:" if lines else place


def _only(module: ModuleType, place: str) -> Bot:
    bots = {id(value): value for value in vars(module).values() if isinstance(value, Bot)}
    if len(bots) == 1:
        return next(iter(bots.values()))
    if bots:
        raise TargetError(f"There are several bots in {place}.{_known(module)}")
    raise TargetError(f'There is no bot in {place}. Make one: bot = Bot("name")')


def _known(module: ModuleType) -> str:
    names = [name for name, value in vars(module).items() if isinstance(value, Bot)]
    file = getattr(module, "__file__", None)
    place = Path(file).name if file and "." not in module.__name__ else module.__name__
    return f" Choose one of: {', '.join(f'{place}:{name}' for name in names)}" if names else ""
