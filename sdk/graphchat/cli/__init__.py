"""The command line: one program, ``graphchat``.

Data goes to stdout, talk to stderr. Modules of commands import what they need when they
run, so that ``--help`` stays quick.
"""

from graphchat.cli.app import main

__all__ = ["main"]
