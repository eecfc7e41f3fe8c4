"""One transaction on behalf of one caller: its repositories, and the guard that each of them passes."""

from __future__ import annotations

from sqlalchemy import Connection

from fhir_server.authorization.caller import Caller, Role
from fhir_server.store.cases import Cases
from fhir_server.store.claims import Claims
from fhir_server.store.decisions import Decisions
from fhir_server.store.documents import Documents
from fhir_server.store.events import Events
from fhir_server.store.exemptions import Exemptions
from fhir_server.store.findings import Findings
from fhir_server.store.heads import Heads
from fhir_server.store.instances import Instances
from fhir_server.store.jobs import Jobs
from fhir_server.store.letters import Letters
from fhir_server.store.messages import Messages
from fhir_server.store.outbox import Outbox
from fhir_server.store.registry import Registry
from fhir_server.store.replays import Replays
from fhir_server.store.reviewers import Reviewers
from fhir_server.store.tracking import TrackingNumbers
from fhir_server.store.worklist import Worklist


class UnitOfWork:
    """What one caller does in one transaction: all of it is kept, or nothing.

    Made by `Database.write` and `Database.read`; belongs to one thread.
    """

    def __init__(self, connection: Connection, caller: Caller, *, writing: bool) -> None:
        self.connection = connection
        self.caller = caller
        self.writing = writing
        self.heads = Heads(self)
        self.cases = Cases(self)
        self.claims = Claims(self)
        self.decisions = Decisions(self)
        self.documents = Documents(self)
        self.events = Events(self)
        self.exemptions_log = Exemptions(self)
        self.findings = Findings(self)
        self.instances = Instances(self)
        self.jobs = Jobs(self)
        self.letters = Letters(self)
        self.messages = Messages(self)
        self.outbox = Outbox(self)
        self.registry = Registry(self)
        self.replays = Replays(self)
        self.reviewers = Reviewers(self)
        self.tracking = TrackingNumbers(self)
        self.worklist = Worklist(self)

    @property
    def engine(self) -> str:
        """``sqlite`` or ``postgresql``."""
        return self.connection.dialect.name

    def guard(self, owner: str) -> str:
        """Return *owner*; raise `NotAllowed` unless the caller may read and change what *owner* submitted."""
        self.caller.check(owner)
        return owner

    @property
    def sees_all(self) -> bool:
        """Whether lists hold the rows of every owner, which `Caller.may_see` grants to reviewers and operators."""
        return bool(self.caller.roles & {Role.REVIEWER, Role.OPERATOR})
