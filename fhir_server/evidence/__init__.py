"""Records into facts: questionnaire answers, coded resources, C-CDA documents, PDF and plain text (docs/evidence.md).

Nothing here trusts its input, and nothing is guessed: what is not understood gives no fact.
"""
