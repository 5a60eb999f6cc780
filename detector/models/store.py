"""The folder that keeps assets, and the one way into it: fetched, verified, renamed."""

import errno
import shutil
from dataclasses import dataclass
from pathlib import Path

from detector.errors import DownloadError
from detector.models.assets import Asset, Progress, ignore_progress


@dataclass(frozen=True)
class Store:
    """Assets under one folder, safe for several processes at once; made when first written to."""

    folder: Path

    @classmethod
    def open(cls, folder: Path | None) -> "Store":
        """The store in `folder`, or in the platform's cache folder for this user."""
        if folder is None:
            import platformdirs

            folder = platformdirs.user_cache_path("object-detector", appauthor=False)
        return cls(folder)

    def find(self, asset: Asset) -> Path | None:
        """A copy whose length and SHA-256 are right, here or in another folder that may hold one."""
        places = [self.folder / asset.name]
        places += [Path(folder).expanduser() / asset.name for folder in asset.other_folders]
        return next((place for place in places if asset.complaint(place) is None), None)

    def fetch(self, asset: Asset, progress: Progress = ignore_progress) -> Path:
        """The verified copy, brought from the first source that gives the right bytes where there is none yet.

        A second process that wants the same asset waits for the first. Raises DownloadError, which says what
        each source answered, or why the folder cannot be written to.
        """
        if found := self.find(asset):
            return found
        import filelock

        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with filelock.FileLock(self.folder / f"{asset.name}.lock"):
                return self.find(asset) or self._bring(asset, progress)
        except OSError as error:
            raise self._cannot_write(asset, error) from error

    def _bring(self, asset: Asset, progress: Progress) -> Path:
        incoming = self.folder / f"{asset.name}.incoming"  # beside its target, so that the rename is atomic
        shutil.rmtree(incoming, ignore_errors=True)  # left by a process that was killed; the lock is ours
        incoming.mkdir()
        complaints = []
        try:
            for source in asset.sources:
                part = incoming / asset.name
                try:
                    source.fetch(asset, part, progress)
                    complaint = asset.complaint(part)
                except DownloadError as error:
                    complaint = str(error)
                if complaint is None:
                    return part.replace(self.folder / asset.name)
                complaints.append(f"  {source}: {complaint}")
        finally:
            shutil.rmtree(incoming, ignore_errors=True)
        raise DownloadError(
            f"{asset.name} could not be fetched:\n"
            + "\n".join(complaints)
            + f"\nGo online, or put the file ({asset.size_bytes:,} bytes) into {self.folder}."
        )

    def _cannot_write(self, asset: Asset, error: OSError) -> DownloadError:
        if error.errno == errno.ENOSPC:
            megabytes = asset.size_bytes / 1e6
            return DownloadError(
                f"{asset.name} needs {megabytes:.0f} MB and the disk of {self.folder} is full"
            )
        return DownloadError(
            f"{asset.name} cannot be kept in {self.folder} ({error.strerror or error});"
            " set DETECTOR_HOME to a folder that can be written to"
        )
