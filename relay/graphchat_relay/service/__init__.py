"""What a relay does, without a word about HTTP or SQL."""
