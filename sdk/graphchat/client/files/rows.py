"""The rows of files on their way, as SQL."""

from pathlib import Path

from graphchat.client.files.records import Place, PlaceState, Stored, UploadState, Where
from graphchat.client.rows import Row
from graphchat.core import record
from graphchat.store import Cursor

_WHERE = 'connection = ? AND "group" = ? AND msg_id = ?'


def insert(where: Where, path: Path, state: UploadState, now: float, cursor: Cursor) -> Stored:
    """Store a file that is to be sent."""
    cursor.execute(
        'INSERT INTO client_upload (connection, "group", msg_id, path, machine, created_at)'
        " VALUES (?, ?, ?, ?, ?, ?)",
        (*where.key, str(path), record.dump(state), now),
    )
    return Stored(cursor.lastrowid, where, path, state)


def uploads(cursor: Cursor) -> list[Stored]:
    """Return all files that are on their way out, oldest first."""
    found = [
        Stored(row_id, Where(*key), Path(path), record.load(data, UploadState))
        for row_id, *key, path, data in cursor.execute(
            'SELECT id, connection, "group", msg_id, path, machine FROM client_upload ORDER BY id'
        ).fetchall()
    ]
    for each in found:
        each.places = {
            (strip, number): Place(record.load(data, PlaceState), done)
            for strip, number, data, done in cursor.execute(
                "SELECT strip, number, machine, done FROM client_upload_place WHERE upload_id = ?",
                (each.id,),
            ).fetchall()
        }
    return found


def place(upload: int, strip: int, number: int, state: PlaceState) -> Row:
    """Note a new queue for a strip, in place of the one before."""
    return Row(
        "INSERT INTO client_upload_place (upload_id, strip, number, machine, done)"
        " VALUES (?, ?, ?, ?, 0) ON CONFLICT (upload_id, strip, number)"
        " DO UPDATE SET machine = excluded.machine, done = 0",
        (upload, strip, number, record.dump(state)),
    )


def drop_place(upload: int, strip: int, number: int) -> Row:
    return Row(
        "DELETE FROM client_upload_place WHERE upload_id = ? AND strip = ? AND number = ?",
        (upload, strip, number),
    )


def advance(upload: int, strip: int, number: int, done: int, cursor: Cursor) -> None:
    cursor.execute(
        "UPDATE client_upload_place SET done = ? WHERE upload_id = ? AND strip = ? AND number = ?",
        (done, upload, strip, number),
    )


def drop_upload(upload: int) -> tuple[Row, Row]:
    return (
        Row("DELETE FROM client_upload_place WHERE upload_id = ?", (upload,)),
        Row("DELETE FROM client_upload WHERE id = ?", (upload,)),
    )


def download(where: Where, cursor: Cursor) -> tuple[Path, bytes] | None:
    """Return where a file is that comes, and which chunks are there."""
    row = cursor.execute(
        f"SELECT path, have FROM client_download WHERE {_WHERE}",  # noqa: S608 - question marks
        where.key,
    ).fetchone()
    return (Path(row[0]), row[1]) if row else None


def begin_download(where: Where, path: Path, have: bytes, now: float, cursor: Cursor) -> None:
    cursor.execute(
        'INSERT INTO client_download (connection, "group", msg_id, path, have, created_at)'
        ' VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (connection, "group", msg_id)'
        " DO UPDATE SET path = excluded.path, have = excluded.have",
        (*where.key, str(path), have, now),
    )


def have(where: Where, chunks: bytes, cursor: Cursor) -> None:
    cursor.execute(
        f"UPDATE client_download SET have = ? WHERE {_WHERE}",  # noqa: S608 - question marks
        (chunks, *where.key),
    )


def drop_download(where: Where) -> Row:
    return Row(
        f"DELETE FROM client_download WHERE {_WHERE}",  # noqa: S608 - question marks
        where.key,
    )


def drop_downloads(connection: int) -> tuple[Row]:
    """Forget what has come of files of a contact; parts on the disk stay where they are."""
    return (Row("DELETE FROM client_download WHERE connection = ?", (connection,)),)
