"""The embedded default in place of a Medicare contractor: gives numbers at once that say what they are."""

from __future__ import annotations

import hashlib
from typing import Final

from fhir_server.exchange.contractor import Issued, Reply, TrackingRequest

PREFIX: Final = "SIM"
ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
DIGITS: Final = 11


class SimulatedContractor:
    """Gives every decision a number that follows from its case and event, so that asking twice gives the same."""

    def request(self, asked: TrackingRequest) -> Reply:
        """Return a simulated number."""
        return Issued(simulated_number(asked.case, asked.decision), simulated=True)


def simulated_number(case: str, decision: int) -> str:
    """Return the simulated number of a decision: ``SIM`` and eleven letters and digits."""
    left = int.from_bytes(hashlib.sha256(f"{case}\n{decision}".encode()).digest(), "big")
    places = []
    for _ in range(DIGITS):
        left, place = divmod(left, len(ALPHABET))
        places.append(ALPHABET[place])
    return PREFIX + "".join(places)


def is_simulated(number: str) -> bool:
    """Return whether *number* begins as simulated ones do."""
    return number.startswith(PREFIX)
