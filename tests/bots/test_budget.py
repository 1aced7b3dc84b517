from graphchat_bots.budget import MAX_PEERS, MOST, WINDOW, Budget


def test_after_some_answers_in_a_row_it_is_silent_for_a_while() -> None:
    budget = Budget()
    for second in range(MOST):
        assert budget.allows("a", second)
        budget.spend("a", second)
    assert not budget.allows("a", MOST)
    assert budget.allows("b", MOST)
    assert budget.allows("a", WINDOW)


def test_slow_talk_goes_on() -> None:
    budget = Budget()
    for number in range(100):
        assert budget.allows("a", number * WINDOW / MOST)
        budget.spend("a", number * WINDOW / MOST)


def test_memory_for_peers_is_bounded() -> None:
    budget = Budget()
    for number in range(MAX_PEERS + 10):
        budget.spend(f"peer {number}", 0.0)
    assert len(budget._spent) == MAX_PEERS
    assert "peer 0" not in budget._spent
