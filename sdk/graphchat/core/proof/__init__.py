"""Proofs: what was said and received, as one file that anybody can check without a network.

docs/protocol.md, section 18.
"""

from graphchat.core.proof.bundle import MAX_SIZE
from graphchat.core.proof.findings import (
    Change,
    Findings,
    Hidden,
    Problem,
    Reception,
    Shown,
    Verdict,
    Who,
)
from graphchat.core.proof.listing import Listing, listing
from graphchat.core.proof.make import Case, Kept, Record, make
from graphchat.core.proof.verify import verify
from graphchat.core.proof.words import in_words

__all__ = [
    "MAX_SIZE",
    "Case",
    "Change",
    "Findings",
    "Hidden",
    "Kept",
    "Listing",
    "Problem",
    "Reception",
    "Record",
    "Shown",
    "Verdict",
    "Who",
    "in_words",
    "listing",
    "make",
    "verify",
]
