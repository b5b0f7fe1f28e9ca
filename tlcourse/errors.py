"""What can go wrong that a person can mend. Each message says what was expected, and what to do."""


class ImageFolderError(ValueError):
    """A photo folder cannot be used as it is; the message says what to mend."""


class AssetError(RuntimeError):
    """A file could not be found or fetched; the message says what to do."""
