"""The pytest plugin of the SDK."""
