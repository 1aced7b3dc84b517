"""The history of the schema. The number that a name begins with is the schema version."""
