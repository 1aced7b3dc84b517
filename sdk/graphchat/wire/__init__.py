"""The relay protocol as bytes: URIs, signed requests, REST bodies and socket objects."""
