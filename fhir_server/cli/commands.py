"""The list of commands."""

from __future__ import annotations

import click

from fhir_server.cli.capability import capability
from fhir_server.cli.config import config
from fhir_server.cli.db import db
from fhir_server.cli.demo import demo
from fhir_server.cli.doctor import doctor
from fhir_server.cli.exemptions import exemptions
from fhir_server.cli.letter import letter
from fhir_server.cli.packages import packages
from fhir_server.cli.policy import policy
from fhir_server.cli.precheck import precheck
from fhir_server.cli.registry import registry
from fhir_server.cli.report import report
from fhir_server.cli.reviewers import reviewers
from fhir_server.cli.serve import serve
from fhir_server.cli.show import show
from fhir_server.cli.submit import submit
from fhir_server.cli.token import token
from fhir_server.cli.utn import utn
from fhir_server.cli.validate import validate
from fhir_server.cli.worker import worker
from fhir_server.cli.worklist import worklist

COMMANDS: tuple[click.Command, ...] = (
    serve,
    submit,
    precheck,
    show,
    worklist,
    utn,
    exemptions,
    report,
    letter,
    worker,
    demo,
    validate,
    packages,
    policy,
    registry,
    reviewers,
    config,
    db,
    doctor,
    capability,
    token,
)


def register(group: click.Group) -> None:
    """Add every command to *group*."""
    for command in COMMANDS:
        group.add_command(command)
