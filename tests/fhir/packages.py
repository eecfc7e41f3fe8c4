"""The example resources of official packages, read from the reference material."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

PAS = ("hl7.fhir.us.davinci-pas-2.2.1.tgz", "hl7.fhir.us.davinci-pas-2.0.1.tgz")
CORE = "hl7.fhir.r4.core-4.0.1.tgz"
REQUEST = "package/example/Bundle-ReferralAuthorizationBundleExample.json"


@cache
def files(archive: Path) -> dict[str, bytes]:
    """Return every JSON file of a package by its name."""
    return dict(_read(archive))


def _read(archive: Path) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(archive) as tar:
        for member in tar:
            content = tar.extractfile(member) if member.name.endswith(".json") else None
            if content is not None:
                yield member.name, content.read()


def pas_examples(shared: Path) -> dict[str, bytes]:
    """Return the examples of both PAS versions by file name."""
    return {
        f"{archive}/{name}": content
        for archive in PAS
        for name, content in files(shared / "packages" / archive).items()
        if "/example/" in name and not name.endswith("/.index.json")
    }


def request_bundle(shared: Path) -> bytes:
    """Return the 24 KB request Bundle of PAS 2.2.1."""
    return files(shared / "packages" / PAS[0])[REQUEST]
