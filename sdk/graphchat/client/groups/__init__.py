"""Groups and broadcasts of a client: who is in them, what goes where, what is told.

Rule: whoever forwards decides nothing. Rights follow from the log (`graphchat.core.groups`), and
each post is its author's. docs/protocol.md, sections 20 to 23.
"""
