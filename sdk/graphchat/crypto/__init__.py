"""Keys, agreement and ratchet: immutable values over PyNaCl and cryptography, without I/O."""
