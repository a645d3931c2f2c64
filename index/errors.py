"""The failures of the gallery, each with one sentence a person can act on."""


class GalleryError(Exception):
    """Something is wrong with a gallery; the message says what, where and what to do."""


class GalleryBusyError(GalleryError):
    """Another process is writing to this gallery."""


class GalleryTooNewError(GalleryError):
    """The gallery was written by a newer version of the program."""


class GalleryDamagedError(GalleryError):
    """The database file is not a gallery, or is damaged."""


class FolderError(GalleryError):
    """A folder of photos is not there or cannot be read; nothing was marked missing."""


class VectorError(GalleryError):
    """A vector has the wrong dimension for its model, is not finite or not of length one."""


class EncoderError(GalleryError):
    """The photo encoder failed or answered with something that is not a batch of vectors."""


class DecodeError(Exception):
    """A file is not shown as a photo; ``str(error)`` is the reason.

    Parameters
    ----------
    reason
        One sentence without the file's name.
    permanent
        False when the same bytes may be readable next time (permission, disk failure, still growing);
        such a file is tried again in the next run even when it has not changed.
    is_photo
        False when nothing, neither content nor name, claims that the file is a photo.
    """

    def __init__(self, reason: str, *, permanent: bool = True, is_photo: bool = True) -> None:
        super().__init__(reason)
        self.reason = reason
        self.permanent = permanent
        self.is_photo = is_photo
