"""The validators of the releases: which guides belong together, and what their validators share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path

from fhir_server.fhir.definitions import Definitions
from fhir_server.fhir.definitions.search import packages_in
from fhir_server.fhir.validation import Validator
from fhir_server.fhir.validation.code_formats import CodeFormats, read_licensed
from fhir_server.fhir.validation.waivers import Waivers
from fhir_server.installed import data_folder
from fhir_server.pas.versions import STU_2_0, STU_2_2, Version

# The guides of a release (S-20): what a resource names without a version is looked for in them in this order.
GUIDES: Mapping[str, tuple[str, ...]] = {
    STU_2_2.label: (
        "hl7.fhir.us.davinci-pas#2.2.1",
        "hl7.fhir.us.davinci-crd#2.2.1",
        "hl7.fhir.us.davinci-dtr#2.2.0",
        "hl7.fhir.us.davinci-cdex#2.1.0",
    ),
    STU_2_0.label: (
        "hl7.fhir.us.davinci-pas#2.0.1",
        "hl7.fhir.us.davinci-crd#2.0.1",
        "hl7.fhir.us.davinci-dtr#2.0.1",
    ),
}
# What every exchange is held against: compiled before the first one comes.
_PROFILE = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/profile-"
REQUEST_BUNDLE, RESPONSE_BUNDLE = f"{_PROFILE}pas-request-bundle", f"{_PROFILE}pas-response-bundle"
INQUIRY_BUNDLE = f"{_PROFILE}pas-inquiry-request-bundle"


@lru_cache(maxsize=8)
def release_validators(codes_file: str | None = None, packages_folder: str | None = None) -> Mapping[str, Validator]:
    """Return the validator of each release by its label; they share what they compile, and a process makes them once.

    *codes_file* holds licensed codes (docs/code-systems.md). What is installed in *packages_folder* belongs to each
    release, after its own guides. Raises `SettingsInvalid` for a file of codes that cannot be read.
    """
    folder = data_folder("profiles")
    more = [Path(packages_folder)] if packages_folder else []
    installed = tuple(package.label for each in more for package in packages_in(each))
    guides = {label: (*roots, *installed) for label, roots in GUIDES.items()}
    definitions = Definitions.load(folder, [root for roots in guides.values() for root in roots], more)
    formats = CodeFormats.load(folder / "code-systems.yaml", read_licensed(Path(codes_file)) if codes_file else None)
    validators: dict[str, Validator] = {}
    compiler = None
    for label, roots in guides.items():
        source = f"release#{label}"
        definitions.group(source, roots)
        waivers = Waivers.load(folder / "waivers.yaml", map(guide_name, roots))
        validators[label] = Validator(definitions, source, waivers=waivers, formats=formats, compiler=compiler)
        compiler = validators[label].compiler
    return validators


def prepare(validators: Mapping[str, Validator]) -> None:
    """Compile what every exchange is held against: before a process forks, so that its children share it."""
    for validator in validators.values():
        validator.prepare((REQUEST_BUNDLE, RESPONSE_BUNDLE, INQUIRY_BUNDLE))


def guide_validator(packages: Iterable[str], packages_folder: str | None = None) -> Validator:
    """Return a validator of *packages* (``hl7.fhir.us.core#6.1.0``) and what they depend on.

    One that is not built in is looked for in *packages_folder*. Raises FileNotFoundError for a package that is nowhere.
    """
    folder = data_folder("profiles")
    definitions = Definitions.load(folder, tuple(packages), [Path(packages_folder)] if packages_folder else [])
    guides = (guide_name(package.label) for package in definitions.packages)
    waivers = Waivers.load(folder / "waivers.yaml", guides)
    return Validator(definitions, waivers=waivers, formats=CodeFormats.load(folder / "code-systems.yaml"))


def validator_for(version: Version) -> Validator:
    """Return the validator of a release with nothing but what is built in."""
    return release_validators()[version.label]


def guide_name(package: str) -> str:
    """Return the short name of a guide: ``pas-2.2.1`` of ``hl7.fhir.us.davinci-pas#2.2.1``."""
    name, _, version = package.partition("#")
    return f"{name.rpartition('.')[2].removeprefix('davinci-')}-{version}"
