"""The hub: requests, evidence, determinations, events and states in the field's own words.

Nothing here knows FHIR, X12, a database or a clock; every edge maps its own form to and from these dataclasses.
"""
