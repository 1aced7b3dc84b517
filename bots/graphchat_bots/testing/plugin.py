"""The pytest plugin of the bot runtime."""
