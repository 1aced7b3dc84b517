from graphchat_relay.metrics import NAMES, Metrics


def test_everything_that_is_counted_is_explained() -> None:
    assert Metrics(created=3).totals().keys() == NAMES.keys()
    assert Metrics(created=3).totals()["created"] == 3
