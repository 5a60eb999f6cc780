"""What a user can cause or mend. Shells turn these into text, an exit code or a status, by class."""

COME_AGAIN_S = 2  # some pictures' time on a slow machine


class DetectorError(Exception):
    """Base of every error that this package raises on purpose; its text says what was wrong and what to do."""


class SettingsError(DetectorError):
    """A setting has a value that it cannot have."""


class ImageError(DetectorError):
    """The bytes given are no picture that can be used."""


class TooLargeError(ImageError):
    """The picture has more bytes or pixels than are allowed."""


class ModelError(DetectorError):
    """A model is unknown, or its files are not what they should be."""


class DownloadError(DetectorError):
    """No source gave the right bytes, or they could not be kept."""


class UnavailableError(DetectorError):
    """A model that is known cannot be had just now; whoever runs the server finds the reason in its log."""


class EngineError(DetectorError):
    """An engine is not installed, or cannot do what the settings ask of it."""


class BusyError(DetectorError):
    """Too many wait already, or a wait was too long; the same works later, such as in `come_again_s` seconds."""

    def __init__(self, message: str, come_again_s: float = COME_AGAIN_S) -> None:
        super().__init__(message)
        self.come_again_s = come_again_s


class ServerError(DetectorError):
    """A server could not be reached, or did not answer as it should."""
