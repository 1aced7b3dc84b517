"""The end-to-end protocol: pure values and machines that know no clock, socket or store.

A machine takes one event, changes itself, and returns *effects*: what the driver has to
store and to do. The driver stores machine and effects in one transaction, then does them.
"""
