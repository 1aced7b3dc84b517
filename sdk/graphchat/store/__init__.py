"""What a client remembers: one encrypted SQLite database, through SQL and Tortoise."""

from graphchat.store.database import Cursor, Database, Row, Transaction

__all__ = ["Cursor", "Database", "Row", "Transaction"]
