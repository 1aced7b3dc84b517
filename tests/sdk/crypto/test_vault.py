import hashlib
import unicodedata

import pytest
from hypothesis import given, strategies as st

from graphchat.clock import SystemClock
from graphchat.crypto import vault
from graphchat.errors import PassphraseError, StoreError

CLOCK = SystemClock()
CHEAP = vault.Strength(operations=1, memory=8192)


def resealed(body: bytes) -> bytes:
    """Give ``body`` a fitting checksum, as whoever plants a file would."""
    return body + hashlib.blake2b(body, digest_size=16).digest()


@given(st.text(min_size=1, max_size=50))
def test_the_passphrase_that_made_a_vault_opens_it(passphrase: str) -> None:
    data, key = vault.create(passphrase, CLOCK, CHEAP)
    assert vault.unlock(data, passphrase) == key
    assert len(data) <= vault.MAX_SIZE


def test_another_passphrase_does_not() -> None:
    data, _ = vault.create("correct horse", CLOCK, CHEAP)
    for wrong in ("correct horse ", "Correct horse", "x"):
        with pytest.raises(PassphraseError):
            vault.unlock(data, wrong)


def test_keys_and_vaults_differ_each_time() -> None:
    first, second = (vault.create("same", CLOCK, CHEAP) for _ in range(2))
    assert first[1] != second[1]
    assert first[0] != second[0]


def test_the_key_is_not_in_the_file_and_the_passphrase_neither() -> None:
    data, key = vault.create("correct horse", CLOCK, CHEAP)
    assert key.reveal() not in data
    assert b"correct" not in data


def test_without_a_passphrase_the_file_is_the_key() -> None:
    data, key = vault.create(None, CLOCK)
    assert vault.unlock(data, None) == key
    with pytest.raises(PassphraseError, match="has no passphrase"):
        vault.unlock(data, "something")


def test_it_can_be_told_whether_a_passphrase_is_needed() -> None:
    assert vault.protected(vault.create("correct horse", CLOCK, CHEAP)[0])
    assert not vault.protected(vault.create(None, CLOCK)[0])
    with pytest.raises(StoreError, match="damaged"):
        vault.protected(b"")


def test_a_wrapped_vault_asks_for_its_passphrase() -> None:
    data, _ = vault.create("correct horse", CLOCK, CHEAP)
    with pytest.raises(PassphraseError, match="needs its passphrase"):
        vault.unlock(data, None)


@pytest.mark.parametrize("passphrase", ["", "x" * 1025])
def test_an_empty_or_endless_passphrase_is_refused(passphrase: str) -> None:
    with pytest.raises(PassphraseError, match="1 to 1024"):
        vault.create(passphrase, CLOCK, CHEAP)


def test_accents_may_be_typed_either_way() -> None:
    data, key = vault.create(unicodedata.normalize("NFC", "Gruß, père"), CLOCK, CHEAP)
    assert vault.unlock(data, unicodedata.normalize("NFD", "Gruß, père")) == key


@pytest.mark.parametrize("passphrase", ["correct horse", None])
def test_every_flipped_bit_is_seen_as_damage(passphrase: str | None) -> None:
    data, _ = vault.create(passphrase, CLOCK, CHEAP)
    for position in range(len(data)):
        broken = bytearray(data)
        broken[position] ^= 1 << (position % 8)
        with pytest.raises(StoreError) as caught:
            vault.unlock(bytes(broken), passphrase)
        # A flipped version may look newer; nothing looks like a wrong passphrase.
        assert not isinstance(caught.value, PassphraseError)


@pytest.mark.parametrize("passphrase", ["correct horse", None])
def test_every_shortened_or_prolonged_file_is_seen_as_damage(passphrase: str | None) -> None:
    data, _ = vault.create(passphrase, CLOCK, CHEAP)
    for broken in [data[:size] for size in range(len(data))] + [data + b"\0", resealed(data)]:
        with pytest.raises(StoreError, match="damaged"):
            vault.unlock(broken, passphrase)


@given(st.binary(max_size=200))
def test_noise_is_no_vault(data: bytes) -> None:
    for noise in (data, resealed(b"GCVAULT\x01" + data)):
        with pytest.raises(StoreError):
            vault.unlock(noise, "x" * 1025)


def test_a_newer_version_is_named() -> None:
    data, _ = vault.create(None, CLOCK)
    with pytest.raises(StoreError, match="newer version"):
        vault.unlock(data[:7] + b"\x02" + data[8:], None)


@pytest.mark.parametrize(
    ("operations", "memory"), [(2**32 - 1, 8192), (1, 10 << 30), (9, 8192), (0, 8192), (1, 0)]
)
def test_a_planted_file_cannot_make_us_work_hard(operations: int, memory: int) -> None:
    data, _ = vault.create("correct horse", CLOCK, CHEAP)
    planted = data[:9] + operations.to_bytes(4) + memory.to_bytes(8) + data[21:-16]
    with pytest.raises(StoreError, match="too much work"):
        vault.unlock(resealed(planted), "correct horse")


def test_lowered_parameters_do_not_open() -> None:
    data, _ = vault.create("correct horse", CLOCK, vault.Strength(2, 16384))
    lowered = data[:9] + (1).to_bytes(4) + (8192).to_bytes(8) + data[21:-16]
    with pytest.raises(PassphraseError):
        vault.unlock(resealed(lowered), "correct horse")


def test_strength_has_bounds() -> None:
    for operations, memory in [(0, 8192), (9, 8192), (1, 8191), (1, (1 << 30) + 1)]:
        with pytest.raises(ValueError, match="must be"):
            vault.Strength(operations, memory)


def test_the_default_is_moderate() -> None:
    data, key = vault.create("correct horse", CLOCK)
    assert data[9:21] == (3).to_bytes(4) + (256 << 20).to_bytes(8)
    assert vault.unlock(data, "correct horse") == key


@pytest.mark.parametrize("old", ["old", None])
@pytest.mark.parametrize("new", ["new", None])
def test_a_changed_passphrase_opens_the_same_key(old: str | None, new: str | None) -> None:
    data, key = vault.create(old, CLOCK, CHEAP)
    changed = vault.rewrap(data, old, new, CLOCK, CHEAP)
    assert vault.unlock(changed, new) == key
    if old != new:
        with pytest.raises(PassphraseError):
            vault.unlock(changed, old)


def test_only_who_knows_the_passphrase_changes_it() -> None:
    data, _ = vault.create("old", CLOCK, CHEAP)
    with pytest.raises(PassphraseError):
        vault.rewrap(data, "guess", "new", CLOCK, CHEAP)
