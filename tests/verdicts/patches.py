"""Changes of a resource as JSON Patch (RFC 6902), so that a mutant can be told from its seed in a line."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from tests.verdicts.packages import Json

Steps = tuple[str | int, ...]
Patch = list[Json]


def pointer(path: Steps) -> str:
    """Return *path* as a JSON Pointer (RFC 6901)."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)


def add(path: Steps, value: Any) -> Json:
    """Return the change that puts *value* at *path*; in an array, before what is there."""
    return {"op": "add", "path": pointer(path), "value": value}


def replace(path: Steps, value: Any) -> Json:
    """Return the change that makes *value* of what is at *path*."""
    return {"op": "replace", "path": pointer(path), "value": value}


def remove(path: Steps) -> Json:
    """Return the change that takes away what is at *path*."""
    return {"op": "remove", "path": pointer(path)}


def move(source: Steps, path: Steps) -> Json:
    """Return the change that takes what is at *source* to *path*."""
    return {"op": "move", "from": pointer(source), "path": pointer(path)}


def copy(source: Steps, path: Steps) -> Json:
    """Return the change that puts what is at *source* at *path* too."""
    return {"op": "copy", "from": pointer(source), "path": pointer(path)}


def put(path: Steps, value: Any, resource: Json) -> Json:
    """Return the change that makes *value* stand at the member *path* of an object, whether there is one or not."""
    container = found(resource, path[:-1])
    return replace(path, value) if path[-1] in container else add(path, value)


def patched(resource: Json, patch: Patch) -> Json:
    """Return *resource* after the changes, itself left as it is. Raises LookupError for a path to nothing."""
    document = {"": deepcopy(resource)}
    for change in patch:
        path = ("", *_steps(change["path"]))
        if change["op"] in ("move", "copy"):
            source = ("", *_steps(change["from"]))
            value = deepcopy(found(document, source))
            if change["op"] == "move":
                _remove(document, source)
        else:
            value = deepcopy(change.get("value"))
        if change["op"] in ("remove", "replace"):
            _replace(document, path, value) if change["op"] == "replace" else _remove(document, path)
        else:
            _add(document, path, value)
    return document[""]


def found(document: Any, path: Steps) -> Any:
    """Return what is at *path*; indexes of arrays may be written as text."""
    for step in path:
        document = document[int(step)] if isinstance(document, list) else document[step]
    return document


def resolved(document: Any, text: str) -> Any:
    """Return what the JSON Pointer *text* means."""
    return found(document, _steps(text))


def _steps(text: str) -> Steps:
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in text.split("/")[1:])


def _add(document: Any, path: Steps, value: Any) -> None:
    container = found(document, path[:-1])
    if isinstance(container, list):
        index = len(container) if path[-1] == "-" else int(path[-1])
        container.insert(index, value)
    else:
        container[path[-1]] = value


def _replace(document: Any, path: Steps, value: Any) -> None:
    container = found(document, path[:-1])
    if isinstance(container, list):
        container[int(path[-1])] = value
    elif path[-1] in container:
        container[path[-1]] = value
    else:
        raise LookupError(f"nothing at {pointer(path)}")


def _remove(document: Any, path: Steps) -> None:
    container = found(document, path[:-1])
    if isinstance(container, list):
        del container[int(path[-1])]
    else:
        del container[path[-1]]
