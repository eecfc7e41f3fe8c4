"""A GUID that comes again with another resource is noticed (PAS-024)."""

from __future__ import annotations

import pytest

from fhir_server.store.database import Database
from fhir_server.store.instances import Instance
from tests.store.submissions import ALICE


@pytest.mark.rule("PAS-024")
def test_a_guid_goes_on_standing_for_its_first_instance(database: Database) -> None:
    first = Instance("urn:uuid:1", "Patient", "jane", "content")
    newer = Instance("urn:uuid:1", "Patient", "jane", "newer content")
    other = Instance("urn:uuid:1", "Patient", "john", "content")
    for kept, expected in ((first, first), (newer, newer), (other, newer)):
        with database.write(ALICE) as unit:
            unit.instances.keep((kept,))
        with database.read(ALICE) as unit:
            assert unit.instances.known(("urn:uuid:1", "urn:uuid:2")) == {"urn:uuid:1": expected}


@pytest.mark.parametrize("number", [0, 1, 15, 16, 17, 50])
def test_any_number_of_instances(database: Database, number: int) -> None:
    instances = [Instance(f"urn:uuid:{each}", "Patient", "i", "c") for each in range(number)]
    with database.write(ALICE) as unit:
        unit.instances.keep(instances + instances)
        known = unit.instances.known(each.full_url for each in instances)
    assert known == {each.full_url: each for each in instances}
