"""A large file from one person to another: whole, and never in memory."""

from hashlib import file_digest
from pathlib import Path

import pytest
from tests.bench import files
from tests.bench.client import pair

# MiB of the file: more than twice what may be in memory, and a minute on two idle cores.
SIZE = 200
# MiB that two clients may need more for a file of any size: chunks on their way, in their forms.
MOST = 80


def digest(path: Path) -> bytes:
    with path.open("rb") as file:
        return file_digest(file, "sha256").digest()


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_a_large_file_arrives_and_is_never_in_memory(tmp_path: Path) -> None:
    async with pair(2) as both:
        found = await files.sent_and_fetched(both, tmp_path, SIZE)
    assert digest(tmp_path / "fetched.bin") == digest(tmp_path / "large.bin")
    memory = found["memory beyond before (MiB)"]
    assert isinstance(memory, float)
    assert memory < MOST
