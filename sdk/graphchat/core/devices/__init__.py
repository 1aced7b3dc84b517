"""The devices of one person: which there are, as its own devices and as contacts see it."""
