"""Every parser holds its promise for known input, for known input that was bent, and for noise."""

import pytest
from hypothesis import given, strategies as st
from tests.fuzz.seeds import SEEDS
from tests.fuzz.targets import TARGETS


def test_every_target_has_seeds() -> None:
    assert SEEDS.keys() == TARGETS.keys()


@pytest.mark.parametrize("name", TARGETS)
def test_a_parser_does_as_it_promises(name: str) -> None:
    for seed in SEEDS[name]:
        TARGETS[name](seed)


@pytest.mark.parametrize("name", TARGETS)
@given(data=st.binary(max_size=300))
def test_a_parser_refuses_noise_as_it_promises(name: str, data: bytes) -> None:
    TARGETS[name](data)


@pytest.mark.parametrize("name", TARGETS)
@given(data=st.data())
def test_a_parser_refuses_bent_input_as_it_promises(name: str, data: st.DataObject) -> None:
    seed = data.draw(st.sampled_from(SEEDS[name]))
    start = data.draw(st.integers(0, len(seed)))
    end = data.draw(st.integers(start, min(len(seed), start + 8)))
    TARGETS[name](seed[:start] + data.draw(st.binary(max_size=8)) + seed[end:])
