"""`python -m fhir_server.cli`: the command line, where the installed command is not on the path."""

from fhir_server.cli import main

main()
