"""Discriminators: how the slices of an element are told apart.

A discriminator of a slice becomes a test of a value. What it compares with is looked up in the slice: in the elements
below it, or in the profile of its type. All tests of a slice must hold (the HL7 validator joins them with *and*).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from fhir_server.fhir.validation.tree import Definition, Node, grow
from fhir_server.fhir.validation.values import equal, including

if TYPE_CHECKING:
    from fhir_server.fhir.validation.compiler import Snapshot
    from fhir_server.fhir.validation.run import Run

Test = Callable[[Any, "Run"], bool]
Read = Callable[[Any, "Run"], list[Any]]


class UnsupportedError(Exception):
    """A slice whose discriminators compare with nothing: as in the HL7 validator, none of its siblings is counted."""


def is_evaluable(snapshot: Snapshot, node: Node) -> bool:
    """Return whether the slices of *node* can be told apart here."""
    discriminators = node.definition.get("slicing", {}).get("discriminator", ())
    try:
        for each in node.slices.values():
            slice_test(snapshot, each, discriminators)
    except UnsupportedError:
        return False
    return True


def extension_url(snapshot: Snapshot, node: Node) -> str | None:
    """Return the url of the extension that an element of type Extension is a slice for."""
    canonicals = [str(canonical) for entry in node.types for canonical in entry.get("profile", ())]
    locate, source = snapshot.compiler.definitions.locate, snapshot.structure.package
    if any(locate(canonical, source) is None for canonical in canonicals):
        return None
    url = node.children.get("url")
    fixed = url.value("fixed") if url else None
    if fixed:
        return str(fixed[1])
    return canonicals[0].partition("|")[0] if canonicals else None


def slice_test(snapshot: Snapshot, node: Node, discriminators: Sequence[Definition]) -> Test | None:
    """Return the test of whether a value belongs to the slice *node*; without discriminators nothing does."""
    if not discriminators:
        return None
    locate, source = snapshot.compiler.definitions.locate, snapshot.structure.package
    if any(locate(canonical, source) is None for entry in node.types for canonical in entry.get("profile", ())):
        raise UnsupportedError
    tests = [test for each in discriminators if (test := _discriminator(snapshot, node, each["type"], each["path"]))]
    if not tests:
        raise UnsupportedError
    if len(tests) == 1:
        return tests[0]
    return lambda value, run: all(test(value, run) for test in tests)


def _discriminator(snapshot: Snapshot, node: Node, kind: str, path: str) -> Test | None:
    read = _reader(snapshot, node, path)
    followed = path.removesuffix("resolve()").removesuffix(".") or "$this" if kind == "profile" else path
    for criterion in _criteria(snapshot, node, followed):
        if criterion.maximum == 0:
            return lambda value, run: not read(value, run)
        test = _TESTS[kind](snapshot, node, criterion, read, path)
        if test is not None:
            return test
    return None


def _by_value(snapshot: Snapshot, node: Node, criterion: Node, read: Read, path: str) -> Test | None:
    fixed = criterion.value("fixed")
    if fixed:
        same = equal(fixed[1])
        return lambda value, run: any(same(each) for each in read(value, run))
    pattern = criterion.value("pattern")
    if pattern:
        matches = including(pattern[1])
        return lambda value, run: any(matches(each) for each in read(value, run))
    binding = criterion.definition.get("binding", {})
    if binding.get("strength") == "required" and "valueSet" in binding:
        canonical = binding["valueSet"]
        return lambda value, run: any(run.member_of(each, canonical) for each in read(value, run))
    return None


def _by_existence(snapshot: Snapshot, node: Node, criterion: Node, read: Read, path: str) -> Test | None:
    if criterion.minimum < 1:
        raise UnsupportedError
    exists = snapshot.compiler.invariants.expression(f"{path}.exists()", snapshot.type_of(node))
    return lambda value, run: exists.holds(value, run)


def _by_type(snapshot: Snapshot, node: Node, criterion: Node, read: Read, path: str) -> Test | None:
    wanted = [entry["code"] for entry in criterion.types] or [criterion.path]
    is_a = snapshot.compiler.types.is_a
    if path.endswith("resolve()"):
        wanted = list(_target_types(snapshot, criterion))
    elif not all(snapshot.compiler.is_resource(each) for each in wanted):
        told = " or ".join(f"({path} is {each})" for each in wanted)
        is_typed = snapshot.compiler.invariants.expression(told, snapshot.type_of(node))
        return lambda value, run: is_typed.holds(value, run)

    def test(value: Any, run: Run) -> bool:
        found = read(value, run)
        if len(found) != 1 or not isinstance(found[0], dict):
            return False
        type_name = found[0].get("resourceType")
        return isinstance(type_name, str) and any(is_a(type_name, each) for each in wanted)

    return test


def _target_types(snapshot: Snapshot, criterion: Node) -> Iterable[str]:
    for entry in criterion.types:
        for canonical in entry.get("targetProfile", ()):
            structure = snapshot.compiler.definitions.structure(canonical, snapshot.structure.package)
            if structure is not None:
                yield structure.type


def _by_profile(snapshot: Snapshot, node: Node, criterion: Node, read: Read, path: str) -> Test | None:
    resolved = path.endswith("resolve()")
    canonicals = [
        canonical
        for entry in criterion.types
        for canonical in entry.get("targetProfile" if resolved else "profile", ())
    ]
    if not canonicals:
        return lambda value, run: True
    source = snapshot.structure.package
    return lambda value, run: any(
        run.conforms(each, canonical, source) for each in read(value, run) for canonical in canonicals
    )


_TESTS: dict[str, Callable[[Snapshot, Node, Node, Read, str], Test | None]] = {
    "value": _by_value,
    "pattern": _by_value,
    "exists": _by_existence,
    "type": _by_type,
    "profile": _by_profile,
}


def _reader(snapshot: Snapshot, node: Node, path: str) -> Read:
    """Return what reads the values at the path of a discriminator: plain steps by themselves, all else as FHIRPath."""
    if path == "$this":
        return lambda value, run: [value]
    names = path.split(".")
    if _is_plain(snapshot, node, names):
        if len(names) == 1:
            name = names[0]
            return lambda value, run: _step((value,), name)
        return lambda value, run: _walk(value, names)
    expression = snapshot.compiler.invariants.expression(path, snapshot.type_of(node))
    return lambda value, run: expression.evaluate(value, run)


def _is_plain(snapshot: Snapshot, node: Node, names: Sequence[str]) -> bool:
    type_name = snapshot.type_of(node)
    for name in names:
        element = snapshot.compiler.types.elements(type_name).get(name)
        if element is None or element.choice or not element.types:
            return False
        type_name = element.types[0]
    return True


def _walk(value: Any, names: Iterable[str]) -> list[Any]:
    found: Sequence[Any] = (value,)
    for name in names:
        found = _step(found, name)
    return list(found)


def _step(values: Iterable[Any], name: str) -> list[Any]:
    found: list[Any] = []
    for value in values:
        each = value.get(name) if isinstance(value, dict) else None
        if isinstance(each, list):
            found.extend(each)
        elif each is not None:
            found.append(each)
    return found


def _criteria(snapshot: Snapshot, node: Node, path: str) -> Iterable[Node]:
    """Yield the elements that say what a slice has at a discriminator's path: in the slice, then in its profile."""
    found = _descend(snapshot, node, path)
    if found is not None:
        yield found
    for entry in node.types:
        for canonical in entry.get("profile", ()):
            structure = snapshot.compiler.definitions.structure(canonical, snapshot.structure.package)
            if structure is None:
                continue
            found = _descend(snapshot, grow(structure.elements), path)
            if found is not None:
                yield found


def _descend(snapshot: Snapshot, node: Node, path: str) -> Node | None:
    if path == "$this":
        return node
    for step in _steps(path):
        if step.startswith("extension("):
            url = step[len("extension(") : -1].strip("'\"")
            extensions = node.children.get("extension")
            slices = extensions.slices.values() if extensions else ()
            found = next((each for each in slices if extension_url(snapshot, each) == url), None)
        elif step.startswith(("ofType(", "resolve(")) or step == "$this":
            continue
        else:
            found = _child(snapshot, node, step)
        if found is None:
            return None
        node = found
    return node


def _child(snapshot: Snapshot, node: Node, name: str) -> Node | None:
    tree = node
    if not node.children:
        entry = next(iter(node.types), None)
        if entry is None:
            return None
        canonical = next(iter(entry.get("profile", ())), f"http://hl7.org/fhir/StructureDefinition/{entry['code']}")
        structure = snapshot.compiler.definitions.structure(canonical, snapshot.structure.package)
        if structure is None:
            return None
        tree = grow(structure.elements)
    return tree.children.get(name) or tree.children.get(f"{name}[x]")


def _steps(path: str) -> list[str]:
    """Return the steps of a discriminator; a point within parentheses parts nothing, a cast (``as``) is left out."""
    steps, depth, start = [], 0, 0
    path = path.partition(" as ")[0]
    for position, character in enumerate(path):
        depth += (character == "(") - (character == ")")
        if character == "." and not depth:
            steps.append(path[start:position])
            start = position + 1
    return [*steps, path[start:]]
