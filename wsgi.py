"""The entry for a WSGI server, with settings from the environment: ``gunicorn wsgi:app``."""

from fhir_server.app import app_from_environment

app = app_from_environment()
