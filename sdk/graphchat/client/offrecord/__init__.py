"""Chats off the record: nothing of them is signed, and nothing is stored.

A chat runs in an engine of its own, over a database in memory. The machine that agrees on one is
`graphchat.core.offrecord`; docs/protocol.md, section 24.
"""
