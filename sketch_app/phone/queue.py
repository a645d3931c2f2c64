"""Which originals a sync fetches, in which order: the queue itself stands in the database."""

from __future__ import annotations

from collections.abc import Sequence

from index.decode import MAX_FILE_BYTES
from index.phone_files import FileState, PhoneFile
from sketch_app.phone.records import Originals, SyncChoices
from sketch_app.phone.transfer import Job


def chosen_jobs(
    files: Sequence[PhoneFile], choices: SyncChoices, *, kept_bytes: int
) -> tuple[list[Job], list[PhoneFile]]:
    """What is to be fetched.

    Parameters
    ----------
    files
        What waits, those that a person asked for first, then the newest.
    choices
        What a person chose.
    kept_bytes
        What the originals of all phones take already.

    Returns
    -------
    tuple
        The jobs: what a person asked for, what can only be shown by its bytes, the rest, each in the order of
        ``files``; and the files of which nothing can ever be shown: too large to be
        looked at, and not to be kept.
    """
    room = {
        Originals.PREVIEWS: 0.0,
        Originals.SOME: max(0.0, choices.originals_gb * 1e9 - kept_bytes),
        Originals.ALL: float("inf"),
    }[choices.originals]
    jobs: list[Job] = []
    hopeless: list[PhoneFile] = []
    for file in files:
        if file.wanted or file.size <= room:
            room -= file.size
            jobs.append(Job(file))
        elif file.state is not FileState.BARE:
            continue
        elif file.size > MAX_FILE_BYTES:
            hopeless.append(file)
        else:
            jobs.append(Job(file, keep=False))
    # A photo that holds no preview is found by nothing else: it comes before the originals of those that are
    # found already. Which originals are wanted was decided above.
    jobs.sort(key=lambda job: (not job.file.wanted, job.file.state is not FileState.BARE))
    return jobs, hopeless
