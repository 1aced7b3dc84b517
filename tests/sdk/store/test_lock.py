import os
import stat
import sys
from pathlib import Path

import pytest

from graphchat.errors import StoreBusyError
from graphchat.store.lock import exclusive


def test_only_one_holder_at_a_time(tmp_path: Path) -> None:
    place = tmp_path / "lock"
    for _ in range(2):
        with exclusive(place):
            for _ in range(2):
                with pytest.raises(StoreBusyError), exclusive(place):
                    raise AssertionError


def test_an_error_inside_passes_and_frees_the_lock(tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.raises(OSError, match="of the caller"), exclusive(tmp_path / "lock"):
            raise OSError("of the caller")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
def test_a_child_does_not_inherit_the_lock(tmp_path: Path) -> None:
    with exclusive(tmp_path / "lock"):
        descriptors = Path("/proc/self/fd").iterdir()
        held = [int(fd.name) for fd in descriptors if fd.resolve() == (tmp_path / "lock")]
        assert len(held) == 1
        assert not os.get_inheritable(held[0])


def test_the_file_stays_for_its_owner_alone(tmp_path: Path) -> None:
    with exclusive(tmp_path / "lock"):
        pass
    assert stat.S_IMODE((tmp_path / "lock").stat().st_mode) == 0o600
