"""Official FHIR packages into facts: read, trimmed, expanded, written."""

from __future__ import annotations

from fhir_server.fhir.packages.archive import Package, read_package
from fhir_server.fhir.packages.compiler import Compilation, nothing_withheld
from fhir_server.fhir.packages.errors import PackageInvalid
from fhir_server.fhir.packages.writing import write_files

__all__ = ("Compilation", "Package", "PackageInvalid", "nothing_withheld", "read_package", "write_files")
