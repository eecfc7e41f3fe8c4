"""Servers for the tests of this folder."""

from tests.soak.process import start_pas
from tests.web.served import serve, serve_sqlite, served

__all__ = ["serve", "serve_sqlite", "served", "start_pas"]
