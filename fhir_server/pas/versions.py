"""The releases of PAS that this server speaks, and where they differ (PAS change log).

Profile canonicals do not name a release: the base address decides (S-20). The hub has the shape of 2.2.1; rows of the
mapping tables that belong to one release carry its label.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Version:
    """One release: its ``label`` in the tables, its ``base`` path, and the few rules that are no table rows.

    ``pended_outcome`` is `ClaimResponse.outcome` of a pend (S-12). ``most_claims`` bounds the Claim entries of a
    request. ``closed_answers``: an answer holds all that it refers to. ``modified_in_detail``: what is authorized in
    place of a line is told in the line's detail, not in an added line.
    """

    label: str
    release: str
    base: str
    pended_outcome: str
    most_claims: int
    channel: str
    closed_answers: bool = False
    modified_in_detail: bool = False


STU_2_2 = Version("2.2", "2.2.1", "stu2.2", pended_outcome="complete", most_claims=2, channel="pas-2.2.1")
STU_2_0 = Version(
    "2.0",
    "2.0.1",
    "stu2.0",
    pended_outcome="queued",
    most_claims=2,
    channel="pas-2.0.1",
    closed_answers=True,
    modified_in_detail=True,
)
VERSIONS = (STU_2_2, STU_2_0)
