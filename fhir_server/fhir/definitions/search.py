"""Which packages belong together: what a guide depends on, found in folders of facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from fhir_server.fhir.definitions.facts import PACKAGE_FILE, PackageFacts, folder_name, read_facts, read_loading

Needs = Mapping[str, tuple[str, ...]]


class PackageSearch:
    """Finds packages in *folders*, each after those that it needs; those in *given* need not be in a folder.

    ``found`` lists them in the order of loading. ``needs`` tells for every package that was asked for, found or not,
    which ones it needs: one that is nowhere needs what stands in for it.
    """

    def __init__(self, folders: Sequence[Path], given: Mapping[str, PackageFacts] | None = None) -> None:
        self.found: list[PackageFacts] = []
        self.needs: dict[str, tuple[str, ...]] = {}
        self._folders = folders
        self._given = given or {}
        loading = [read_loading(folder) for folder in folders]
        self.always = tuple(label for each in loading for label in each.always)
        self._stand_ins = {row.missing: row.use for each in loading for row in each.stand_ins}

    def require(self, label: str) -> None:
        """Find a package and all that it needs. Raises FileNotFoundError where it is nowhere."""
        self.visit(label)
        if not self.needs[label] and not any(package.label == label for package in self.found):
            places = " or ".join(str(folder) for folder in self._folders)
            raise FileNotFoundError(f"no package {label} in {places}")

    def visit(self, label: str) -> None:
        """Find a package and all that it needs, as far as they are there."""
        if label in self.needs:
            return
        package = self._package(label)
        stand_in = self._stand_ins.get(label)
        self.needs[label] = package.dependencies if package else (stand_in,) if stand_in else ()
        for need in self.needs[label]:
            self.visit(need)
        if package:
            self.found.append(package)

    def missing(self, label: str) -> list[str]:
        """Return what a package that was found needs and is neither there nor has a stand-in."""
        found = {package.label for package in self.found}
        return [need for need in closure(label, self.needs) if need not in found and not self.needs.get(need)]

    def _package(self, label: str) -> PackageFacts | None:
        if label in self._given:
            return self._given[label]
        for folder in self._folders:
            if (folder / folder_name(label) / PACKAGE_FILE).is_file():
                found = read_facts(folder / folder_name(label))
                if found.label == label:
                    return found
        return None


def closure(label: str, needs: Needs) -> tuple[str, ...]:
    """Return *label* and what it needs, directly or not, level by level."""
    found, level = {label: None}, [label]
    while level:
        below = dict.fromkeys(need for each in level for need in needs.get(each, ()) if need not in found)
        level = list(below)
        found.update(below)
    return tuple(found)


def packages_in(folder: Path) -> list[PackageFacts]:
    """Return the packages whose facts are in *folder*, by name and version; none where there is no such folder."""
    return [read_facts(file.parent) for file in sorted(folder.glob(f"[!.]*/{PACKAGE_FILE}"))]
