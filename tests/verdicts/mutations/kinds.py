"""All kinds of change, by the name that tables and reports use."""

from __future__ import annotations

import random
from collections.abc import Iterator

from tests.verdicts.mutations import (
    bundles,
    cardinality,
    contained,
    extensions,
    invariants,
    primitives,
    references,
    rules,
    shapes,
    slices,
    values,
)
from tests.verdicts.mutations.seed import Kind, Mutation, Seed

SIMPLE: dict[str, Kind] = {
    "required-missing": cardinality.required_missing,
    "over-max": cardinality.over_max,
    "array-of-single": cardinality.array_of_single,
    "single-of-array": cardinality.single_of_array,
    "prohibited": cardinality.prohibited,
    "optional-added": cardinality.optional_added,
    "optional-removed": cardinality.optional_removed,
    "repeated": cardinality.repeated,
    "reordered": cardinality.reordered,
    "json-type": shapes.json_type,
    "json-null": shapes.json_null,
    "json-empty": shapes.json_empty,
    "json-nested-array": shapes.json_nested_array,
    "unknown-element": shapes.unknown_element,
    "misspelt-element": shapes.misspelt_element,
    "resource-type": shapes.resource_type,
    "fixed-value": values.fixed_value,
    "pattern-value": values.pattern_value,
    "length": values.length,
    "binding-required": values.binding_required,
    "binding-extensible": values.binding_extensible,
    "binding-weak": values.binding_weak,
    "coding": values.coding,
    "choice-disallowed": values.choice_disallowed,
    "choice-other": values.choice_other,
    "choice-two": values.choice_two,
    "slice-missing": slices.slice_missing,
    "slice-discriminator": slices.slice_discriminator,
    "slice-over-max": slices.slice_over_max,
    "slice-added": slices.slice_added,
    "slice-order": slices.slice_order,
    "extension-context": extensions.extension_context,
    "extension-elsewhere": extensions.extension_elsewhere,
    "extension-unknown": extensions.extension_unknown,
    "extension-known": extensions.extension_known,
    "extension-fitting": extensions.extension_fitting,
    "extension-ill-made": extensions.extension_ill_made,
    "extension-changed": extensions.extension_changed,
    "modifier-extension": extensions.modifier,
    "primitive-extension": extensions.primitive_extension,
    "primitive-beside": extensions.primitive_beside,
    "primitive-date": primitives.dates,
    "primitive-id": primitives.identifiers,
    "primitive-uri": primitives.addresses,
    "primitive-number": primitives.numbers,
    "primitive-boolean": primitives.booleans,
    "primitive-binary": primitives.binaries,
    "primitive-code": primitives.codes,
    "primitive-string": primitives.strings,
    "primitive-text": primitives.strings_of_types,
    "reference-type": references.reference_type,
    "reference-element-type": references.reference_element_type,
    "reference-form": references.reference_form,
    "reference-emptied": references.reference_emptied,
    "reference-retargeted": references.reference_retargeted,
    "reference-unresolvable": references.reference_unresolvable,
    "reference-fragment": references.reference_fragment,
    "contained": contained.contained,
    "contained-shape": contained.contained_shape,
    "narrative": contained.narrative,
    "narrative-shape": contained.narrative_shape,
    "bundle": bundles.bundle,
    "bundle-entry": bundles.entries,
    "bundle-full-url": bundles.full_urls,
    "claimed-profile": bundles.claimed_profiles,
    "asked-profile": bundles.asked_profile,
    "meta": bundles.meta,
    "invariant": invariants.invariant,
    "rule": rules.rule,
}

NESTING = ("required-missing", "json-type", "optional-added", "binding-required", "unknown-element", "invariant")


def content_reference(seed: Seed, chance: random.Random) -> Iterator[Mutation]:
    """Change something below an element that is defined by another (an item of an item)."""
    inner = [place.path for place in seed.places if place.node.element.get("contentReference")]
    starts = tuple("/" + "/".join(str(step) for step in path) for path in inner)
    if not starts:
        return
    for mutation in SIMPLE[chance.choice(NESTING)](seed, chance):
        if mutation.patch[0]["path"].startswith(starts):
            yield mutation


def several(seed: Seed, chance: random.Random) -> Iterator[Mutation]:
    """Make two changes of different kinds at once."""
    for _ in range(4):
        names = chance.sample(sorted(SIMPLE), 2)
        picked = [list(SIMPLE[name](seed, chance)) for name in names]
        if all(picked):
            first, second = (chance.choice(each) for each in picked)
            yield Mutation(" and ".join(names), first.patch + second.patch)


KINDS: dict[str, Kind] = SIMPLE | {"content-reference": content_reference, "several": several}
