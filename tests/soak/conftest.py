"""Real servers for the tests of this folder."""

from tests.soak.process import start_pas

__all__ = ["start_pas"]
