"""Ways in which a valid resource is changed, each with a name: `KINDS` of `tests.verdicts.mutations.kinds`."""
