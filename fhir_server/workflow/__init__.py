"""Use cases, one a module: the only place that joins policy and store, and never an edge."""
