"""Bundles with everything that a profile asks a server to support, made from the profile's own snapshot.

Every must-support and every mandatory element gets a value, each value another one, so that a mix-up shows. Elements
that repeat come twice. A choice of types, or of targets of a reference, takes another option in each repetition and in
each *variant* of the Bundle; `variants` says how many it takes to see all of them.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count
from typing import Any

from tests.pas.profiles import PAS, Guide, Json, Node, Profile

SERVER = "http://ehr.example/fhir"

# Codes that the tables hold against a list; everything else takes any code.
CODES = {
    "Extension.value[x]": "changed",
    "outcome": "partial",
    "gender": "female",
    "periodUnit": "d",
    "status": "active",
}

# The profile that stands for a type where a guide refers to US Core's or to none: the one that PAS gives it.
STANDING_FOR = {
    "Patient": "profile-beneficiary",
    "Organization": "profile-organization",
    "Practitioner": "profile-practitioner",
    "PractitionerRole": "profile-practitionerrole",
    "Encounter": "profile-encounter",
    "Coverage": "profile-coverage",
    "Location": "profile-location",
}
OWN_TYPES = {"ServiceRequest", "MedicationRequest", "DeviceRequest", "NutritionOrder", "CommunicationRequest"}


@dataclass(frozen=True, slots=True)
class Option:
    """One type that an element may have: with the profile of the type, or with the target of the reference."""

    code: str
    profile: str | None = None
    target: str | None = None


@dataclass(slots=True)
class Maximal:
    """A Bundle in the making. ``covered`` holds the ids of the elements that got a value, by profile."""

    guide: Guide
    variant: int = 0
    entries: dict[str, Json] = field(default_factory=dict)
    covered: dict[str, set[str]] = field(default_factory=dict)
    widest: int = 1
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))
    _repetition: int = 0

    def bundle(self, profile: Profile) -> Json:
        """Return the Bundle whose first entry is everything that *profile* wants."""
        self.refer(profile)
        return {
            "resourceType": "Bundle",
            "identifier": self.sample("Identifier", ""),
            "type": "collection",
            "timestamp": "2026-03-01T10:00:00-05:00",
            "entry": [{"fullUrl": url, "resource": resource} for url, resource in self.entries.items()],
        }

    def refer(self, profile: Profile) -> str:
        """Return the fullUrl of the resource of *profile*, which is made where it is not there yet."""
        url = f"{SERVER}/{profile.type_name}/{profile.canonical.rpartition('/')[2]}"
        if url not in self.entries:
            self.entries[url] = {}
            repetition, self._repetition = self._repetition, 0
            body = self.below(profile.root, profile)
            self._repetition = repetition
            self.entries[url] = {"resourceType": profile.type_name, "id": url.rpartition("/")[2], **body}
        return url

    def record(self, type_name: str) -> str:
        """Return the fullUrl of a clinical record of which only its type is known."""
        url = f"{SERVER}/{type_name}/record"
        if type_name == "Bundle":
            content: Json = {"type": "collection", "entry": [{"resource": {"resourceType": "Basic"}}]}
        else:
            content = {"status": "final", "code": {"text": f"a record of {type_name}"}}
        self.entries.setdefault(url, {"resourceType": type_name, "id": "record", **content})
        return url

    def below(self, node: Node, profile: Profile) -> Json:
        """Return the wanted children of *node* as an object."""
        made: Json = {}
        self.covered.setdefault(profile.canonical, set()).add(node.identity)
        for name, child in node.children.items():
            wanted = _is_part(child) if profile.type_name == "Extension" else child.is_wanted()
            if wanted and name not in ("id", "meta"):
                self.add(made, name, child, profile)
        if "meta" in node.children and node.children["meta"].is_wanted():
            made["meta"] = {"lastUpdated": self.sample("instant", "")}
            self.covered[profile.canonical] |= {each.identity for each in node.children["meta"].all()}
        return made

    def add(self, made: Json, name: str, node: Node, profile: Profile) -> None:
        """Put the element *node* into *made*: its slices, itself, and both again where they repeat."""
        slices = [each for each in node.slices.values() if _is_part(each) and self._in_release(each, profile)]
        if name.endswith("[x]"):
            self.add_choice(made, name.removesuffix("[x]"), node, slices, profile)
            return
        places = [each for each in slices for _ in range(2 if each.repeats else 1)]
        if not name.lower().endswith("extension") and (not slices or _is_open(node)):
            places += [node] * (2 if node.repeats else 1)
        values = []
        for number, place in enumerate(places):
            self._repetition = number
            self.covered[profile.canonical] |= {node.identity, place.identity}
            values.append(self.value(place, self.option(place), profile))
        self._repetition = 0
        if values:
            many = node.element["base"]["max"] != "1"
            made[name] = values if many else values[0]

    def _in_release(self, node: Node, profile: Profile) -> bool:
        return profile.type_name == "Extension" or node.is_wanted()

    def add_choice(self, made: Json, stem: str, node: Node, slices: list[Node], profile: Profile) -> None:
        """Put one option of a choice into *made*."""
        sliced = {self.options(each)[0].code: each for each in slices}
        option = self.option(node, only=sliced if not node.is_must_support and not node.element["min"] else None)
        chosen = sliced.get(option.code, node)
        self.covered[profile.canonical] |= {node.identity, chosen.identity}
        made[stem + option.code[0].upper() + option.code[1:]] = self.value(chosen, option, profile)

    def options(self, node: Node) -> list[Option]:
        """Return the types that an element may have."""
        found = []
        for kind in node.element.get("type", []):
            code = kind["code"].rpartition("/")[2].replace("System.String", "string")
            profiles = kind.get("profile") or [None]
            targets = kind.get("targetProfile") or [None]
            found += [Option(code, profile, target) for profile in profiles for target in targets]
        return found or [Option("BackboneElement")]

    def option(self, node: Node, only: Container[str] | None = None) -> Option:
        """Return the type that this repetition of *node* takes; *only* these, where all others go unsupported."""
        options = [each for each in self.options(node) if not only or each.code in only]
        self.widest = max(self.widest, len(options))
        return options[(self.variant + self._repetition) % len(options)]

    def value(self, node: Node, option: Option, profile: Profile) -> Any:
        """Return a value for one element."""
        fixed = next((node.element[key] for key in node.element if key.startswith(("fixed", "pattern"))), None)
        inside = self.below(node, profile) if node.children else {}
        if option.code == "Extension":
            own = self.guide.profile(option.profile) if option.profile else None
            made = self.below(own.root, own) if own else self._plain_extension(node, option)
        elif option.code == "Reference":
            made = {"reference": self.target(option)}
        elif option.code in ("BackboneElement", "Element"):
            made = {}
        elif option.profile and (own := self.guide.profile(option.profile)):
            made = merged(self.sample(option.code, node.identity), self.below(own.root, own))
        else:
            made = self.sample(option.code, node.identity)
        made = merged(made, inside) if inside else made
        if fixed is None:
            return made
        return fixed if option.code in ("CodeableConcept", "Coding") else merged(made, fixed)

    def _plain_extension(self, node: Node, option: Option) -> Json:
        if option.profile and "data-absent-reason" in option.profile:
            return {"url": option.profile.partition("|")[0], "valueCode": "unknown"}
        return {}

    def target(self, option: Option) -> str:
        """Return the fullUrl of a resource that the reference may point at."""
        canonical = (option.target or "Resource").partition("|")[0]
        found = self.guide.profile(canonical)
        type_name = found.type_name if found else _type_of(canonical)
        if not canonical.startswith(PAS) and type_name in STANDING_FOR:
            found = self.guide.pas(STANDING_FOR[type_name])
        is_own = type_name in OWN_TYPES and canonical.startswith(PAS)
        if found is None or not (type_name in STANDING_FOR or is_own):
            return self.record("Basic" if type_name == "Resource" else type_name)
        return self.refer(found)

    def sample(self, code: str, identity: str) -> Any:
        """Return a value of the type *code* that no other element has, as far as the type allows."""
        n = next(self._numbers)
        day = f"2026-{1 + n // 28 % 12:02d}-{1 + n % 28:02d}"
        name = identity.rpartition(".")[2].partition(":")[0]
        match code:
            case "boolean":
                return n % 2 == 0
            case "positiveInt" | "unsignedInt" | "integer":
                return n
            case "decimal":
                return Decimal(f"{n}.50")
            case "date":
                return day
            case "dateTime":
                return day if n % 2 else f"{day}T10:00:00-05:00"
            case "instant":
                return f"{day}T10:00:00.120Z"
            case "code":
                return CODES.get(name, CODES.get(identity, f"c{n}"))
            case "uri" | "url" | "canonical":
                return f"http://example.org/{n}"
            case "string" | "markdown":
                return f"text {n}"
        return self._complex(code, n, day)

    def _complex(self, code: str, n: int, day: str) -> Json:
        match code:
            case "Coding":
                return {"system": f"http://example.org/{n}", "version": "1", "code": f"c{n}", "display": f"text {n}"}
            case "CodeableConcept":
                return {"coding": [self.sample("Coding", ""), self.sample("Coding", "")], "text": f"text {n}"}
            case "Identifier":
                concept = self.sample("CodeableConcept", "")
                return {"use": "official", "type": concept, "system": f"http://example.org/{n}", "value": f"v{n}"}
            case "Period":
                return {"start": day, "end": self.sample("date", "")}
            case "Money":
                return {"value": Decimal(f"{n}.00"), "currency": "USD"}
            case "Quantity" | "Duration":
                unit = {"unit": f"text {n}", "system": "http://example.org/units", "code": f"u{n}"}
                return {"value": Decimal(f"{n}.10"), **unit}
            case "Range":
                return {"low": self.sample("Quantity", ""), "high": self.sample("Quantity", "")}
            case "Address":
                return {
                    "use": "home",
                    "line": [f"{n} Main Street", f"Suite {n}"],
                    "city": f"City {n}",
                    "district": f"District {n}",
                    "state": "TX",
                    "postalCode": f"{10000 + n}-1234",
                    "country": "US",
                }
            case "HumanName":
                return {
                    "use": "official",
                    "text": f"text {n}",
                    "family": f"Family{n}",
                    "given": [f"Given{n}", f"Middle{n}"],
                    "prefix": [f"P{n}"],
                    "suffix": [f"S{n}"],
                }
            case "ContactPoint":
                return {"system": "phone", "value": f"555-{n}", "use": "work"}
            case "ContactDetail":
                return {"name": f"text {n}", "telecom": [self.sample("ContactPoint", "")]}
            case "Timing" | "Dosage":
                return {}
        raise AssertionError(f"no sample of {code}")


def _is_part(node: Node) -> bool:
    """Return whether a part of an extension, or a slice, is there at all."""
    return node.element["max"] != "0" and not (
        node.identity.endswith((".id", ".extension")) and not node.slices and not node.element.get("min")
    )


def _is_open(node: Node) -> bool:
    return node.element.get("slicing", {}).get("rules", "open") == "open" and not node.identity.endswith("coding")


def _type_of(canonical: str) -> str:
    tail = canonical.rpartition("/")[2]
    for mark, type_name in (
        ("documentreference", "DocumentReference"),
        ("questionnaireresponse", "QuestionnaireResponse"),
    ):
        if tail.endswith(mark):
            return type_name
    return tail


def merged(made: Any, over: Any) -> Any:
    """Return *made* with what *over* says instead, element by element."""
    if not (isinstance(made, dict) and isinstance(over, dict)):
        return over
    result = dict(made)
    for key, value in over.items():
        result[key] = merged(made[key], value) if key in made else value
    return result


def variants(guide: Guide, profile: Profile) -> list[tuple[Json, dict[str, set[str]]]]:
    """Return as many Bundles of *profile* as show every option of every choice, each with what it covers."""
    first = Maximal(guide)
    first.bundle(profile)
    made = []
    for number in range(first.widest):
        maximal = Maximal(guide, number)
        made.append((maximal.bundle(profile), maximal.covered))
    return made
