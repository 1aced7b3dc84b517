"""A relay: queues of sealed envelopes, for parties that it does not know."""
