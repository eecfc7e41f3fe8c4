"""A GUID that comes again with another resource is noticed (PAS-024)."""

from __future__ import annotations

import threading
import time

import pytest

from fhir_server.store.database import Database
from fhir_server.store.instances import Instance
from tests.store.submissions import ALICE

JANE = frozenset({"member-1"})


def instance(url: str = "urn:uuid:1", kind: str = "Patient", identifiers: frozenset[str] = JANE) -> Instance:
    return Instance(url, kind, identifiers, "content")


def test_the_newest_of_an_instance_is_known(database: Database) -> None:
    newer = Instance("urn:uuid:1", "Patient", JANE | {"record-2"}, "newer content")
    for kept in (instance(), newer):
        with database.write(ALICE) as unit:
            unit.instances.keep((kept,))
        with database.read(ALICE) as unit:
            assert unit.instances.known(("urn:uuid:1", "urn:uuid:2")) == {"urn:uuid:1": kept}


@pytest.mark.rule("PAS-024")
@pytest.mark.parametrize(
    ("other", "clashes"),
    [
        (instance(), False),
        (instance(identifiers=JANE | {"record-2"}), False),
        (instance(identifiers=frozenset()), False),
        (instance(identifiers=frozenset({"member-2"})), True),
        (instance(kind="Coverage"), True),
    ],
    ids=["the same", "one more identifier", "no identifier", "another person", "another type"],
)
def test_two_things_under_one_guid(other: Instance, clashes: bool) -> None:
    assert instance().clashes_with(other) is clashes
    assert other.clashes_with(instance()) is clashes


@pytest.mark.parametrize("number", [0, 1, 15, 16, 17, 50])
def test_any_number_of_instances(database: Database, number: int) -> None:
    instances = [instance(f"urn:uuid:{each}") for each in range(number)]
    with database.write(ALICE) as unit:
        unit.instances.keep(instances + instances)
        known = unit.instances.known(each.full_url for each in instances)
    assert known == {each.full_url: each for each in instances}


@pytest.mark.rule("PAS-024")
def test_two_at_once_see_each_other(database: Database) -> None:
    """Whoever comes second waits, and then knows what the first has made of the GUID."""
    inside, seen = threading.Event(), []

    def second() -> None:
        inside.wait(10)
        with database.write(ALICE) as unit:
            seen.append(unit.instances.known(("urn:uuid:1",)))

    thread = threading.Thread(target=second)
    thread.start()
    with database.write(ALICE) as unit:
        assert unit.instances.known(("urn:uuid:1",)) == {}
        inside.set()
        time.sleep(0.2)  # the second is at the door
        assert seen == []
        unit.instances.keep((instance(),))
    thread.join()
    assert seen == [{"urn:uuid:1": instance()}]
