"""Packages as they come from elsewhere: what is read, and what is refused in words."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fhir_server.fhir.packages import Compilation, PackageInvalid, read_package
from fhir_server.fhir.packages import archive as module
from tests.fhir.package_compiler.small import SYSTEM, Json, archive, code_system, manifest, structure, value_set

MANIFEST = "package/package.json"
GOOD: dict[str, bytes | Json] = {
    MANIFEST: manifest(dependencies={"hl7.fhir.r4.core": "4.0.1"}, date="20240101000000"),
    "package/.index.json": {"index-version": 2, "files": []},
    "package/ValueSet-colours.json": value_set({"system": SYSTEM}),
    "package/CodeSystem-colours.json": code_system(),
    "package/StructureDefinition-claim.json": structure(),
    "package/SearchParameter-a.json": {"resourceType": "SearchParameter", "id": "a", "url": "http://example.org/a"},
    "package/example/ValueSet-other.json": value_set({"system": SYSTEM}, identity="other"),
    "package/other/spec.internals": b"binary",
    "other/ValueSet-third.json": value_set({"system": SYSTEM}, identity="third"),
}


def refused(path: Path) -> str:
    """Return in which words a package is refused."""
    with pytest.raises(PackageInvalid) as error:
        read_package(path)
    assert str(path) in str(error.value)
    return str(error.value)


def unpacked(folder: Path, files: dict[str, bytes | Json]) -> Path:
    """Write *files* below *folder*."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return folder


def test_an_archive_and_a_folder_of_a_package_cache_read_the_same(tmp_path: Path) -> None:
    of_archive = read_package(archive(tmp_path / "a.tgz", GOOD))
    folder = unpacked(tmp_path / "example.guide#1.0.0", GOOD)

    assert read_package(folder) == read_package(folder / "package") == of_archive
    assert (of_archive.label, of_archive.date) == ("example.guide#1.0.0", "20240101000000")
    assert of_archive.dependencies == {"hl7.fhir.r4.core": "4.0.1"}
    ids = {kind: [each["id"] for each in found] for kind, found in of_archive.resources.items()}
    assert ids == {"CodeSystem": ["colours"], "StructureDefinition": ["claim"], "ValueSet": ["colours"]}


def test_the_digits_of_numbers_are_kept(tmp_path: Path) -> None:
    element = b'{"id":"Claim","path":"Claim","min":0,"max":"*","fixedDecimal":1.500}'
    definition = json.dumps(structure(snapshot={"element": ["HERE"]})).encode().replace(b'"HERE"', element)
    package = read_package(archive(tmp_path / "a.tgz", GOOD | {"package/StructureDefinition-claim.json": definition}))

    assert package.resources["StructureDefinition"][0]["snapshot"]["element"][0]["fixedDecimal"] == Decimal("1.500")
    assert b'"fixedDecimal":1.500' in Compilation([package], []).files(package.label)["structures/claim.json"]


def test_a_byte_order_mark_is_passed_over(tmp_path: Path) -> None:
    marked = b"\xef\xbb\xbf" + json.dumps(value_set({"system": SYSTEM})).encode()
    package = read_package(archive(tmp_path / "a.tgz", GOOD | {"package/ValueSet-colours.json": marked}))

    assert package.resources["ValueSet"][0]["id"] == "colours"


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        (MANIFEST, b"{", "package/package.json is not JSON that can be read"),
        (MANIFEST, b"[]", "is not a JSON object"),
        (MANIFEST, {"name": "x"}, "is not a FHIR package"),
        (MANIFEST, manifest(name="../x"), "is not a FHIR package"),
        (MANIFEST, manifest(version="1/2"), "is not a FHIR package"),
        (MANIFEST, manifest() | {"version": 1}, "is not a FHIR package"),
        (MANIFEST, manifest() | {"fhirVersions": ["5.0.0"]}, "is not made for FHIR R4"),
        (MANIFEST, manifest() | {"fhirVersions": "4.0.1"}, "is not made for FHIR R4"),
        (MANIFEST, manifest() | {"fhirVersions": 4}, "is not made for FHIR R4"),
        (MANIFEST, manifest(dependencies=["a"]), "are not an object"),
        ("package/a.json", b'{"resourceType":"ValueSet",', "package/a.json is not JSON that can be read"),
        ("package/a.json", b'{"resourceType":1}', "package/a.json is not JSON that can be read"),
        ("package/a.json", b"\xff\xfe", "package/a.json is not JSON that can be read"),
        ("package/a.json", b'{"resourceType":"ValueSet","a":' + b"[" * 100_000, "is not JSON"),
        ("package/a.json", b'{"resourceType":"ValueSet","id":"\xed\xa0\x80","url":"u"}', "is not JSON"),
        ("package/a.json", {"resourceType": "ValueSet", "id": "a"}, "no FHIR id or no url"),
        ("package/a.json", {"resourceType": "ValueSet", "id": "../../a", "url": "u"}, "no FHIR id or no url"),
        ("package/a.json", {"resourceType": "ValueSet", "id": 1, "url": "u"}, "no FHIR id or no url"),
        ("package/a.json", {"resourceType": "ValueSet", "id": "COLOURS", "url": "u"}, "have the id"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(tmp_path: Path, name: str, content: Any, words: str) -> None:
    files = GOOD | {name: content}

    assert words in refused(archive(tmp_path / "a.tgz", files))
    assert words in refused(unpacked(tmp_path / "folder", files))


@pytest.mark.parametrize("name", ["../outside.json", "/outside.json", "package/../../outside.json"])
def test_a_file_that_would_lie_outside_is_refused(tmp_path: Path, name: str) -> None:
    assert "would lie outside" in refused(archive(tmp_path / "a.tgz", GOOD | {name: b"{}"}))


def test_links_are_never_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret.json"
    secret.write_text(json.dumps(value_set({"system": SYSTEM}, identity="secret")))
    path = tmp_path / "a.tgz"
    with tarfile.open(path, "w:gz") as tar:
        for kind, name in ((tarfile.SYMTYPE, "package/a.json"), (tarfile.LNKTYPE, "package/b.json")):
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, str(secret)
            tar.addfile(member)
        data = json.dumps(manifest()).encode()
        member = tarfile.TarInfo(MANIFEST)
        member.size = len(data)
        tar.addfile(member, io.BytesIO(data))
    folder = unpacked(tmp_path / "folder", {MANIFEST: manifest()})
    (folder / "package/a.json").symlink_to(secret)

    assert read_package(path).resources["ValueSet"] == []
    assert read_package(folder).resources["ValueSet"] == []


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 1_000_000)
    zeros = archive(tmp_path / "zeros.tgz", GOOD | {"package/other/zeros.bin": bytes(2_000_000)})
    padded = tmp_path / "padded.tgz"
    padded.write_bytes(gzip.compress(bytes(5_000_000)))

    assert "more than 0 MB unpacked" in refused(zeros)
    refused(padded)


def test_a_header_that_announces_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_FILE_BYTES", 1_000)
    big = GOOD | {"package/big.json": b'{"resourceType":"Basic","a":"' + b"a" * 1_000 + b'"}'}

    assert "package/big.json is larger" in refused(archive(tmp_path / "a.tgz", big))
    assert "big.json is larger" in refused(unpacked(tmp_path / "folder", big))


def test_too_many_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_FILES", 3)

    assert "more than 3 files" in refused(archive(tmp_path / "a.tgz", GOOD))


@pytest.mark.parametrize("content", [b"", b"not an archive", gzip.compress(b"not a tar archive")])
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.tgz"
    path.write_bytes(content)

    assert "cannot be read as a package archive" in refused(path) or "is not a FHIR package" in refused(path)


def test_an_archive_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    whole = archive(tmp_path / "a.tgz", GOOD).read_bytes()
    cut = tmp_path / "cut.tgz"
    cut.write_bytes(whole[: len(whole) // 2])

    refused(cut)


def test_an_archive_without_a_manifest_is_refused(tmp_path: Path) -> None:
    files = {name: content for name, content in GOOD.items() if name != MANIFEST}

    assert "has no package/package.json" in refused(archive(tmp_path / "a.tgz", files))
    assert "has no package/package.json" in refused(unpacked(tmp_path / "folder", files))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["code", "url", "a"]), inner, max_size=3)
    ),
    max_leaves=6,
)
PLACES = st.sampled_from(
    [
        ("StructureDefinition", ("snapshot",)),
        ("StructureDefinition", ("snapshot", "element")),
        ("StructureDefinition", ("type",)),
        ("StructureDefinition", ("context",)),
        ("StructureDefinition", ("extension",)),
        ("ValueSet", ("compose",)),
        ("ValueSet", ("compose", "include")),
        ("ValueSet", ("compose", "exclude")),
        ("ValueSet", ("expansion",)),
        ("CodeSystem", ("concept",)),
        ("CodeSystem", ("property",)),
        ("CodeSystem", ("content",)),
        ("CodeSystem", ("version",)),
    ]
)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(place=PLACES, value=JSON)
def test_definitions_of_any_shape_compile_or_are_refused(
    tmp_path: Path, place: tuple[str, tuple[str, ...]], value: Any
) -> None:
    kind, path = place
    files = json.loads(json.dumps({name: content for name, content in GOOD.items() if not isinstance(content, bytes)}))
    definition = next(each for name, each in files.items() if name.startswith(f"package/{kind}"))
    for step in path[:-1]:
        definition = definition[step]
    definition[path[-1]] = value

    try:
        package = read_package(archive(tmp_path / "a.tgz", files))
        Compilation([package], []).files(package.label)
    except PackageInvalid as refusal:
        words = str(refusal)
    else:
        words = package.label
    assert "example.guide#1.0.0" in words or "a.tgz" in words
