"""Conversations: handlers that ask, wait for hours without holding anything, and go on.

A handler that asks is a coroutine that is set aside, not a task that waits. What it was
answered is a journal in the store: after a restart the handler runs again from its beginning,
the journal answers what it asks, and nothing leaves until it is where it was.
"""
