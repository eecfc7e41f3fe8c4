"""HTTP: thin routes that read a request, call a use case and write its answer."""
