"""A worker in a process of its own, to be killed: `python -m tests.soak.worker_process DATABASE_URL`.

It is the worker of `wiser-pas worker` with short waits, and without PDFs, which take a second each.
"""

from __future__ import annotations

import sys
import threading
from dataclasses import replace
from datetime import timedelta

from fhir_server.app import open_database, teller
from fhir_server.authorization.caller import operator
from fhir_server.cli.worker import contractor_of, correspondence_of, handlers
from fhir_server.exchange.worker import Patience, Worker
from fhir_server.settings import load_settings

PATIENCE = Patience(
    lease=timedelta(seconds=1), first=timedelta(milliseconds=100), idle=timedelta(milliseconds=20), attempts=50
)


def main(url: str) -> None:
    settings = load_settings({"DATABASE_URL": url, "SANDBOX": "1"})
    database, caller = open_database(settings), operator("worker")
    correspondence = replace(correspondence_of(settings), make_pdf=None)
    table = handlers(database, caller, contractor_of(settings), teller(settings), correspondence)
    Worker(database, caller, table, patience=PATIENCE).run(threading.Event())


if __name__ == "__main__":
    main(sys.argv[1])
