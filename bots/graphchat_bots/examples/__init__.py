"""Bots to read, to run, and to begin with."""
