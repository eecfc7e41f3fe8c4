"""The FHIR kernel: JSON and XML, references, mapping tables, outcomes. It knows no guide and nothing else of ours."""
