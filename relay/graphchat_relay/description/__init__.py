"""The protocol of a relay, described for machines from the code that speaks it."""
