"""Groups as values: the signed log of who may do what, and the chains of what was posted.

docs/protocol.md, sections 20 and 21.
"""
