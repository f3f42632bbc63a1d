"""The version of this package."""

from importlib import metadata

try:
    __version__ = metadata.version("mirrorscope")
except metadata.PackageNotFoundError:  # run from a source folder
    __version__ = "0+unknown"
