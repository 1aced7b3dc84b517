"""Files that are too large for their messages: sending, fetching, and what is left of both."""
