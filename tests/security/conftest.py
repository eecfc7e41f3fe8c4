"""Servers for the tests of this folder."""

from tests.web.served import serve, serve_sqlite, served

__all__ = ["serve", "serve_sqlite", "served"]
