"""Originals that are on no phone any more: found, and deleted when a person says so. They may be the only
copies, so nothing deletes them by itself.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Collection
from contextlib import ExitStack
from pathlib import Path

from index import phone_files
from index.errors import GalleryBusyError, GalleryError
from index.gallery import Gallery
from index.lock import WriterLock
from index.phone_photos import ORIGINALS_DIRECTORY, PHONE_DIRECTORY, original_path
from index.writer_slices import WriterSlices
from sketch_app.phone.states import LeftOriginals

logger = logging.getLogger(__name__)

SYNC_LOCKS = "sync-*.lock"
"""The locks of the phones that are, or ever were, synced into a gallery, in its folder."""


class TidyBusyError(GalleryError):
    """A phone is being synced into the gallery."""


def find_left(gallery: Gallery) -> LeftOriginals:
    """The originals that no phone has any more."""
    rows = phone_files.left_originals(gallery.database)
    return LeftOriginals(
        contents=frozenset(content for content, _, _ in rows),
        size=sum(size for _, _, size in rows),
        folder=gallery.directory / PHONE_DIRECTORY / ORIGINALS_DIRECTORY,
    )


def delete_left(gallery: Gallery, contents: Collection[bytes]) -> LeftOriginals:
    """Delete those of some originals that no phone has any more.

    Parameters
    ----------
    gallery
        Opened for reading: the right to write is waited for.
    contents
        What the person was shown, and agreed to.

    Returns
    -------
    LeftOriginals
        What was deleted.

    Raises
    ------
    TidyBusyError
        A phone is being synced into this gallery.
    GalleryError
        The gallery cannot be written.
    """
    slices = WriterSlices(gallery, lambda: False)
    with ExitStack() as held:
        try:
            for path in sorted(gallery.directory.glob(SYNC_LOCKS)):
                held.callback(WriterLock(path).release)
        except GalleryBusyError as error:
            raise TidyBusyError(
                "A phone is being synced into this gallery: delete its old originals when that has finished."
            ) from error
        with slices.database() as database, database.transaction() as connection:
            left = [row for row in phone_files.left_originals(database) if row[0] in contents]
            phone_files.drop_originals(connection, [(content, name) for content, name, _ in left])
        # Only now: of a program that is killed from here on, this or the next sync deletes the files.
        with slices.database() as database, database.transaction() as connection:
            delete_dropped(connection, gallery.directory)
    return LeftOriginals(
        contents=frozenset(content for content, _, _ in left),
        size=sum(size for _, _, size in left),
        folder=gallery.directory / PHONE_DIRECTORY / ORIGINALS_DIRECTORY,
    )


def delete_dropped(connection: sqlite3.Connection, directory: Path) -> None:
    """Delete the files of originals that the gallery in `directory` let go of; within a transaction, so that
    no other sync brings one of them back meanwhile. A file that cannot be deleted is tried again next time.
    """
    deleted = []
    for name in phone_files.dropped_originals(connection):
        try:
            original_path(directory, name).unlink(missing_ok=True)
        except OSError as error:
            logger.warning("An original that is no longer wanted cannot be deleted: %s", error)
        else:
            deleted.append(name)
    phone_files.put_deleted(connection, deleted)
