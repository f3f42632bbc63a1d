"""A file under way: `NAME.partial` until it is complete."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from typing import Any

from mirrorscope.errors import RecordingError

_flock: Any = None
try:
    import fcntl

    _flock = fcntl
except ImportError:  # a system without such locks
    pass


class PartialFile:
    """The partial file, new and locked against other writers; `finish` puts it on the disk and gives it its name.

    The lock is `flock`'s, as Mirrorscope's own programs take it. Only the file that was made here gets the name. Of a link the target is
    replaced, not the link.
    """

    def __init__(self, path: str | os.PathLike[str], *, overwrite: bool = False, continues: bool = False) -> None:
        """Args:
        continues: Whether a partial file that nobody writes is taken up, unless `overwrite`: `is_continued` says if there was one.
        """
        self.path = os.fspath(path)
        self.is_continued = False
        self.overwrite = overwrite
        self._target = os.path.realpath(self.path)
        self.writing_path = self._target + ".partial"
        if os.path.isdir(self._target):
            raise RecordingError(f"{self.path}: it is a folder; give the name of a file in it.")
        if os.path.exists(self._target) and not os.path.isfile(self._target):
            raise RecordingError(f"{self.path}: it is no ordinary file; choose another name.")
        self._refuse_existing()
        if os.path.lexists(self.writing_path):
            leftover = self._locked_leftover()
            if continues and not overwrite:
                self._descriptor = leftover
                self.is_continued = True
                return
            self._remove_leftover(leftover)
        try:
            self._descriptor = os.open(self.writing_path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
        except FileExistsError:
            raise self._being_written() from None
        except OSError as error:
            reason = "its folder does not exist" if error.errno == errno.ENOENT else f"it cannot be created ({error.strerror})"
            raise RecordingError(f"{self.path}: {reason}; choose another name.") from None
        if not _lock(self._descriptor) or not self._is_ours():
            os.close(self._descriptor)
            raise self._being_written()

    def unlock(self) -> None:
        """Gives up the lock, for an HDF5 that insists on one of its own."""
        if _flock is not None:
            _flock.flock(self._descriptor, _flock.LOCK_UN)

    def synchronise(self) -> None:
        """Puts what was written on the disk, so that it survives a loss of power too."""
        try:
            os.fsync(self._descriptor)
        except OSError as error:
            # Some file systems have no such thing; that is no reason to lose the file.
            if error.errno in (errno.EIO, errno.ENOSPC, errno.EDQUOT):
                raise

    def finish(self) -> None:
        """Gives the file its name. What wrote to `writing_path` must have closed it."""
        self.synchronise()
        if not self._is_ours():
            raise RecordingError(
                f"{self.path}: {self.writing_path} was replaced or removed by another program before it was complete; record again."
            )
        self._refuse_existing()
        if self.overwrite or not self._linked():
            os.replace(self.writing_path, self._target)
        self.keep()
        # Without this the file has one name or the other after a loss of power.
        with contextlib.suppress(OSError):
            folder = os.open(os.path.dirname(self._target), os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    def _linked(self) -> bool:
        """Whether the file has got its name by a link, which, unlike a renaming, fails where another file has come to it in between."""
        try:
            os.link(self.writing_path, self._target)
        except FileExistsError:
            self._refuse_existing()
            return False
        except OSError:
            # A file system without links.
            return False
        os.unlink(self.writing_path)
        return True

    def keep(self) -> None:
        """Leaves the partial file where it is."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def abandon(self) -> None:
        """Removes the partial file, if it is still the one that was made here."""
        if self._descriptor >= 0:
            if self._is_ours():
                os.unlink(self.writing_path)
            self.keep()

    def _refuse_existing(self) -> None:
        if not self.overwrite and os.path.lexists(self._target):
            raise RecordingError(f"{self.path}: exists already; have it replaced with overwrite=True, or choose another name.")

    def _locked_leftover(self) -> int:
        """A descriptor of a partial file that nobody writes, locked."""
        if not stat.S_ISREG(os.lstat(self.writing_path).st_mode):
            raise RecordingError(
                f"{self.path}: {self.writing_path}, under which it is to be written, is no ordinary file; remove it, or choose "
                "another name."
            )
        descriptor = os.open(self.writing_path, os.O_RDWR | getattr(os, "O_NOFOLLOW", 0))
        if not _lock(descriptor) or not _same_file(descriptor, self.writing_path):
            os.close(descriptor)
            raise self._being_written()
        return descriptor

    def _remove_leftover(self, descriptor: int) -> None:
        """Removes a partial file, if it may be replaced."""
        try:
            if not self.overwrite:
                raise RecordingError(
                    f"{self.path}: {self.writing_path} holds what an interrupted recorder left; get its rows with 'mirrorscope recover', "
                    "remove it, have it replaced with overwrite=True, or choose another name."
                )
            os.unlink(self.writing_path)
        finally:
            os.close(descriptor)

    def _is_ours(self) -> bool:
        return _same_file(self._descriptor, self.writing_path)

    def _being_written(self) -> RecordingError:
        return RecordingError(f"{self.path}: another program is writing it ({self.writing_path}); wait for it, or choose another name.")


def _lock(descriptor: int) -> bool:
    """Whether this program may write: true too where the file system knows no locks."""
    if _flock is None:
        return True
    try:
        _flock.flock(descriptor, _flock.LOCK_EX | _flock.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def _same_file(descriptor: int, path: str) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.lstat(path))
    except OSError:
        return False
