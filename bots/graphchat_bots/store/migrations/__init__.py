"""How a bot's store came to be as it is, step by step."""
