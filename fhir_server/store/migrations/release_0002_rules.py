"""What the database of release 0002 refuses, as a table of rules. A published file is never changed.

A rule is a condition of SQL that both engines read; `NEW` is the row that would be written and `OLD` the one before.
What is not plainly true is refused, an unknown (NULL) too. The rules do not lean on the checks of the tables: a
connection to SQLite can switch those off (``ignore_check_constraints``), and no connection can switch off a trigger.

SQLite has a way around its own triggers: REPLACE takes a row away without asking those of DELETE. No row of a log gives
way to another of its key, therefore.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby

import sqlalchemy as sa
from alembic import op


def _some(rows: str) -> str:
    return f"EXISTS (SELECT 1 FROM {rows})"  # noqa: S608 (the constants of this file)


def _none(rows: str) -> str:
    return f"NOT {_some(rows)}"


_MERITS = "('affirmed', 'partial', 'non-affirmed')"
_DENIALS = "('partial', 'non-affirmed')"
_STATES = (
    "('received', 'dismissed', 'forwarded', 'in-review', 'information-requested', 'affirmed', 'partial', "
    "'non-affirmed', 'cancelled', 'expired')"
)
_DENIES = f"(NEW.state IN {_DENIALS} OR NEW.denies_line)"
_OWN_DENIAL = f"NEW.decided_by IS NOT NULL AND NEW.decided_by <> 'partner' AND {_DENIES}"
_CLINICIANS_DENIAL = f"{_OWN_DENIAL} AND NEW.decider_kind = 'clinician'"
_PARTNERS_DENIAL = f"NEW.decided_by IS NOT NULL AND NEW.decided_by = 'partner' AND {_DENIES}"
_ITEM = "worklist_item i WHERE i.case_number = NEW.case_number"
_DECISION = "event e WHERE e.case_number = NEW.case_number AND e.kind = 'determined'"
_EVENTS = "event e WHERE e.case_number = NEW.number"
_AS_ITS_LAST_EVENT = (
    f"(NEW.last_event = 0 AND NEW.state = 'received' AND {_none(_EVENTS)}) OR "
    f"({_some(_EVENTS + ' AND e.number = NEW.last_event AND e.state = NEW.state')} "
    f"AND {_none(_EVENTS + ' AND e.number > NEW.last_event')})"
)
_THIS_ROUND = "JOIN worklist_item i ON i.case_number = {0}.case_number AND i.round = {0}.round"
_SAME_IN_NEXT_ROUND = (
    "case_criterion c WHERE c.case_number = p.case_number AND c.round = i.round AND c.category = p.category "
    "AND c.element = p.element"
)
_LATER_FINDING = (
    "review_finding g WHERE g.case_number = f.case_number AND g.round = f.round AND g.category = f.category "
    "AND g.element = f.element AND g.reviewer = f.reviewer AND g.event_number > f.event_number"
)
_LAST_FINDING = (
    "review_finding f WHERE f.case_number = c.case_number AND f.round = c.round AND f.category = c.category "
    "AND f.element = c.element AND f.reviewer = NEW.reviewer AND f.result <> 'unknown' AND trim(f.rationale) <> '' "
    f"AND f.evidence LIKE '[{{%}}]' AND {_none(_LATER_FINDING)}"
)
_SANDBOX = "store_information WHERE mode = 'sandbox'"
_ASKED_SPECIALTY = "worklist_specialty w WHERE w.case_number = NEW.case_number"


@dataclass(frozen=True)
class Rules:
    """What the rows of *table* that *action* writes must be, if *asked_of* holds for them.

    *allowed* holds each condition by the words in which its breach is told; of several the first is. Rules that are
    asked of the same rows share a trigger, since a submission passes each trigger of its tables.
    """

    name: str
    table: str
    action: str
    allowed: Mapping[str, str]
    asked_of: str = "TRUE"


RULES = (
    Rules(
        "event_is_known",
        "event",
        "INSERT",
        {
            "an event needs a known state, decider and kind of decider": (
                f"NEW.number >= 1 AND (NEW.number > 1 OR NEW.state = 'received') AND NEW.state IN {_STATES} "
                "AND NEW.denies_line IN (TRUE, FALSE) "
                "AND (NEW.decided_by IS NULL OR NEW.decided_by IN ('own', 'partner')) "
                "AND (NEW.decider_kind IS NULL OR NEW.decider_kind IN ('software', 'clinician', 'simulated')) "
                "AND (NEW.decided_by IS NULL) = (NEW.decider_kind IS NULL)"
            ),
            "a decision on the merits needs a decider": (
                "(NOT NEW.denies_line "
                f"AND (NEW.state NOT IN {_MERITS} OR coalesce(NEW.state = NEW.state_before, FALSE))) "
                "OR (NEW.decided_by IS NOT NULL AND NEW.kind = 'determined')"
            ),
        },
    ),
    Rules(
        "event_denies_by_our_own",
        "event",
        "INSERT",
        {
            "a denial of our own needs a clinician with licence and specialty": (
                "NEW.decider_kind IN ('clinician', 'simulated') "
                "AND NEW.reviewer <> '' AND NEW.licence <> '' AND NEW.specialty <> ''"
            ),
        },
        _OWN_DENIAL,
    ),
    Rules(
        "event_denies_by_clinician",
        "event",
        "INSERT",
        {
            "a denial needs a case that is in review": (
                "NEW.state_before IN ('in-review', 'information-requested') AND NEW.number > 1"
            ),
            "a denial needs an active clinician of the reviewers": _some(
                "reviewer r WHERE r.id = NEW.reviewer AND r.kind = 'clinician' AND r.active"
            ),
            "a denial needs a licence of the reviewer for the day and the state": (
                "NEW.at LIKE '____-__-__T__:__:__.___Z' AND "
                + _some(
                    "reviewer_licence l WHERE l.reviewer_id = NEW.reviewer AND l.number = NEW.licence "
                    "AND l.valid_from <= substr(NEW.at, 1, 10) "
                    "AND (l.valid_to IS NULL OR l.valid_to >= substr(NEW.at, 1, 10)) AND "
                    + _none(f"{_ITEM} AND i.state_of_service <> l.state")
                )
            ),
            "a denial needs a case that is assigned to the reviewer": _some(
                f"{_ITEM} AND i.assigned_to = NEW.reviewer AND i.status <> 'closed'"
            ),
            "a denial needs a specialty that the reviewer has and the case asks for": (
                _some("reviewer_specialty s WHERE s.reviewer_id = NEW.reviewer AND s.specialty = NEW.specialty")
                + f" AND ({_none(_ASKED_SPECIALTY)} OR {_some(_ASKED_SPECIALTY + ' AND w.specialty = NEW.specialty')})"
            ),
            "a denial needs a finding of the reviewer in this round": _some(
                f"review_finding f {_THIS_ROUND.format('f')} WHERE f.case_number = NEW.case_number "
                "AND f.reviewer = NEW.reviewer AND f.result <> 'unknown'"
            ),
            "a denial needs every criterion of the round before in its own": _none(
                "case_criterion p JOIN worklist_item i ON i.case_number = p.case_number AND p.round = i.round - 1 "
                f"WHERE p.case_number = NEW.case_number AND {_none(_SAME_IN_NEXT_ROUND)}"
            ),
            "a denial needs a finding of the reviewer for each criterion": _none(
                f"case_criterion c {_THIS_ROUND.format('c')} WHERE c.case_number = NEW.case_number "
                f"AND {_none(_LAST_FINDING)}"
            ),
        },
        _CLINICIANS_DENIAL,
    ),
    Rules(
        "event_denies_by_partner",
        "event",
        "INSERT",
        {
            "a denial by a partner needs a forwarded case and its interchange": (
                "NEW.state_before = 'forwarded' AND NEW.number > 1 AND NEW.interchange <> ''"
            ),
        },
        _PARTNERS_DENIAL,
    ),
    Rules(
        "case_begins_as_its_events",
        "authorization_case",
        "INSERT",
        {"a case stands where its last event says": _AS_ITS_LAST_EVENT},
    ),
    Rules(
        "case_follows_its_events",
        "authorization_case",
        "UPDATE",
        {
            "a case stays with its number and owner": "NEW.number = OLD.number AND NEW.owner = OLD.owner",
            "a case stands where its last event says": _AS_ITS_LAST_EVENT,
        },
    ),
    Rules(
        "store_information_is_one_row",
        "store_information",
        "INSERT",
        {"store_information is append-only": _none("store_information")},
    ),
    Rules(
        "reviewer_begins_with_kind",
        "reviewer",
        "INSERT",
        {
            "a reviewer stays of one kind": _none("reviewer r WHERE r.id = NEW.id AND r.kind <> NEW.kind"),
            "only a sandbox store has simulated reviewers": f"NEW.kind <> 'simulated' OR {_some(_SANDBOX)}",
        },
    ),
    Rules(
        "reviewer_keeps_kind",
        "reviewer",
        "UPDATE",
        {"a reviewer stays of one kind": "NEW.id = OLD.id AND NEW.kind = OLD.kind"},
    ),
    Rules(
        "worklist_item_begins_once",
        "worklist_item",
        "INSERT",
        {"a case has one item of the worklist, from its first round on": f"NEW.round = 1 AND {_none(_ITEM)}"},
    ),
    Rules(
        "worklist_item_goes_forward",
        "worklist_item",
        "UPDATE",
        {
            "an item of the worklist stays with its case, and its rounds go up by one": (
                "NEW.case_number = OLD.case_number AND NEW.owner = OLD.owner "
                "AND NEW.round IN (OLD.round, OLD.round + 1)"
            ),
        },
    ),
    Rules(
        "review_finding_is_told",
        "review_finding",
        "INSERT",
        {
            "a finding needs the event that tells it": _some(
                "event e WHERE e.case_number = NEW.case_number AND e.number = NEW.event_number "
                "AND e.kind = 'finding' AND e.reviewer = NEW.reviewer AND e.at = NEW.at"
            ),
            "a finding is of the round of its case": _some(f"{_ITEM} AND i.round = NEW.round"),
        },
    ),
    Rules(
        "case_decision_is_told",
        "case_decision",
        "INSERT",
        {
            "a decision is counted as its event says": _some(
                f"{_DECISION} AND e.number = NEW.event_number AND e.state = NEW.outcome "
                "AND e.decided_by = NEW.decided_by AND e.decider_kind = NEW.decider_kind"
            ),
        },
    ),
    Rules(
        "tracking_number_is_told",
        "tracking_number",
        "INSERT",
        {
            "a tracking number says what was decided": _some(
                f"{_DECISION} AND e.number = NEW.decision_event "
                "AND ((NEW.affirmed AND e.state IN ('affirmed', 'partial')) "
                f"OR (NOT NEW.affirmed AND e.state IN {_DENIALS}))"
            ),
            "a decision has one tracking number, and a number one decision": _none(
                "tracking_number t WHERE t.number = NEW.number "
                "OR (t.case_number = NEW.case_number AND t.decision_event = NEW.decision_event)"
            ),
        },
    ),
    Rules(
        "tracking_number_stays",
        "tracking_number",
        "UPDATE",
        {
            "a tracking number that was issued stays, and what it says with it": (
                "OLD.number IS NULL AND NEW.case_number = OLD.case_number AND NEW.decision_event = OLD.decision_event "
                "AND NEW.owner = OLD.owner AND NEW.affirmed = OLD.affirmed"
            ),
            "a decision has one tracking number, and a number one decision": _none(
                "tracking_number t WHERE t.number = NEW.number"
            ),
        },
    ),
    Rules(
        "tracking_line_is_told",
        "tracking_line",
        "INSERT",
        {
            "a tracking number says what was decided": (
                f"NEW.affirmed OR {_some(f'{_DECISION} AND e.number = NEW.decision_event AND e.state IN {_DENIALS}')}"
            ),
        },
    ),
    Rules(
        "letter_is_told",
        "letter",
        "INSERT",
        {
            "a letter says what was decided": _some(
                "event e WHERE e.case_number = NEW.case_number AND e.kind IN ('determined', 'tracking-number') "
                "AND e.number = NEW.about_event "
                "AND e.state = CASE NEW.kind WHEN 'partial' THEN 'partial' ELSE 'non-affirmed' END"
            ),
        },
        "NEW.kind IN ('non-affirmation', 'partial')",
    ),
)

NEW_LOGS = (
    "review_finding",
    "case_criterion",
    "case_decision",
    "tracking_line",
    "claim_line",
    "letter",
    "letter_pdf",
)
"""Tables of this release whose rows are added and never changed."""

NEVER_DELETED = ("worklist_item", "tracking_number")
"""Tables whose rows change and never go."""

KEYS = {
    "event": ("case_number, number",),
    "message": ("id",),
    "document": ("rowid", "case_number, event_number, position"),
    "review_finding": ("case_number, event_number",),
    "case_criterion": ("case_number, round, category, element",),
    "case_decision": ("case_number, event_number",),
    "tracking_line": ("case_number, decision_event, sequence",),
    "claim_line": ("id", "owner, claim, line"),
    "letter": ("number", "case_number, kind, about_event"),
    "letter_pdf": ("number",),
}
"""Every key of the append-only tables by which REPLACE of SQLite would find a row to take away."""


def make_rules() -> None:
    """Make the trigger of all rules, and close each log."""
    {"sqlite": _make_in_sqlite, "postgresql": _make_in_postgresql}[op.get_bind().dialect.name]()


def _make_in_sqlite() -> None:
    for rules in RULES:
        refusals = (
            f"SELECT RAISE(ABORT, '{told}') WHERE NOT coalesce({allowed}, FALSE);"
            for told, allowed in rules.allowed.items()
        )
        _trigger_in_sqlite(
            rules.name, rules.table, rules.action, f"coalesce({rules.asked_of}, TRUE)", " ".join(refusals)
        )
    closed = [(table, action) for table in NEW_LOGS for action in ("UPDATE", "DELETE")]
    for table, action in (*closed, *((table, "DELETE") for table in NEVER_DELETED)):
        _close_in_sqlite(f"{table}_refuses_{action.lower()}", table, action, "TRUE")
    for table, keys in KEYS.items():
        known = " OR ".join(_some(f"{table} k WHERE {_same_key(key)}") for key in keys)
        _close_in_sqlite(f"{table}_refuses_replace", table, "INSERT", known)


def _same_key(columns: str) -> str:
    return " AND ".join(f"k.{column} = NEW.{column}" for column in columns.split(", "))


def _close_in_sqlite(name: str, table: str, action: str, when: str) -> None:
    _trigger_in_sqlite(name, table, action, when, f"SELECT RAISE(ABORT, '{table} is append-only');")


def _trigger_in_sqlite(name: str, table: str, action: str, when: str, then: str) -> None:
    op.execute(f"CREATE TRIGGER {name} BEFORE {action} ON {table} WHEN {when} BEGIN {then} END")


def _make_in_postgresql() -> None:
    schema = op.get_bind().execute(sa.text("SELECT quote_ident(current_schema())")).scalar_one()
    path = f"SET search_path = {schema}, pg_temp"  # else a session's temporary table could stand for one of ours
    for function in ("refuse_change", "refuse_gap", "refuse_simulated"):
        op.execute(f"ALTER FUNCTION {function}() {path}")
    for (table, action), rules in groupby(RULES, lambda each: (each.table, each.action)):
        name = f"{table}_obeys_on_{action.lower()}"
        op.execute(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql {path} AS $$ BEGIN "
            f"{' '.join(map(_asked_in_postgresql, rules))} RETURN NEW; END $$"
        )
        op.execute(f"CREATE TRIGGER {name} BEFORE {action} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()")
    closed = [(table, "UPDATE OR DELETE OR TRUNCATE") for table in NEW_LOGS]
    for table, actions in (*closed, *((table, "DELETE OR TRUNCATE") for table in NEVER_DELETED)):
        op.execute(
            f"CREATE TRIGGER {table}_refuses_change BEFORE {actions} ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def _asked_in_postgresql(rules: Rules) -> str:
    """Return the statement for *rules*. A function of all rules costs a submission less than conditions of triggers."""
    refusals = (
        f"IF NOT coalesce({allowed}, FALSE) THEN RAISE EXCEPTION '{told}' "
        "USING ERRCODE = 'integrity_constraint_violation'; END IF;"
        for told, allowed in rules.allowed.items()
    )
    return f"IF coalesce({rules.asked_of}, TRUE) THEN {' '.join(refusals)} END IF;"
