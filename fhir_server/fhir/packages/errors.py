"""What is wrong with a package."""

from __future__ import annotations


class PackageInvalid(Exception):
    """A package cannot be read or compiled; the message names the file at fault."""
