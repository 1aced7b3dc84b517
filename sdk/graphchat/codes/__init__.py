"""Codes: what goes from person to person outside of graphchat, as a link or a QR code."""

from graphchat.codes.group import GroupCode
from graphchat.codes.invitation import MAX_CODE, Code, CodeLane, Kind

__all__ = ["MAX_CODE", "Code", "CodeLane", "GroupCode", "Kind"]
