"""The official validator's verdicts on examples and mutants, and what holds ours against them."""
