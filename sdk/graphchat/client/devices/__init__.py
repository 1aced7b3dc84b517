"""The devices of a person: linked with each other, and each connected with every contact.

Rule: no ratchet is ever shared. Two devices have a connection of their own, and so has each
device with each device of a contact; a contact is one, whichever of them speaks.
docs/protocol.md, section 26; docs/decisions/.
"""
