"""The code rules about diagnoses: each test returns what the line runs into, in codes, or ``None``."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from fhir_server.policy.articles import GroupRole
from fhir_server.policy.categories import DiagnosisCode, DiagnosisFamily, Words
from fhir_server.policy.code_rule_context import AnswerName, LineRuleContext
from fhir_server.policy.diagnosis_details import Families, Side
from fhir_server.policy.rows import Row

SIDE_MODIFIERS: dict[str, Side] = {"RT": "right", "LT": "left", "50": "both"}


class Unspecified(Row, frozen=True, kw_only=True):
    """``accepted`` asks for the unspecified codes that one of ``lists`` or the article holds; else for the others."""

    accepted: bool
    lists: tuple[Words, ...]


def unspecified_diagnosis(asked: Unspecified, context: LineRuleContext) -> str | None:
    """A diagnosis of the line is unspecified where a more specific code exists."""
    found = [code for code in context.line.diagnoses if code in context.details.unspecified]
    return _codes([code for code in found if _accepted(code, asked, context) == asked.accepted])


def _accepted(code: str, asked: Unspecified, context: LineRuleContext) -> bool:
    return any(code in context.lists[name] for name in asked.lists) or code in _listed(context)


def _listed(context: LineRuleContext) -> frozenset[str]:
    article = context.article()
    return (article and article.listed_for(context.line.code)) or frozenset()


class OfArticles(Row, frozen=True, kw_only=True):
    """The articles by whose lists the rule goes."""

    articles: tuple[Words, ...]


def outside_article(asked: OfArticles, context: LineRuleContext) -> str | None:
    """The contractor's article limits the code to diagnoses, and the line has none of them."""
    article = context.article()
    listed = article.listed_for(context.line.code) if article and article.id in asked.articles else None
    if listed is None or not context.line.diagnoses or not listed.isdisjoint(context.line.diagnoses):
        return None
    return _codes(context.line.diagnoses)


class Diagnoses(Row, frozen=True, kw_only=True):
    """Diagnoses that a rule looks for."""

    codes: tuple[DiagnosisCode, ...]


def listed_elsewhere_only(asked: Diagnoses, context: LineRuleContext) -> str | None:
    """The line has a diagnosis that other contractors' articles list, and that of its own contractor does not."""
    if context.article() is None:
        return None
    listed = _listed(context)
    return _codes([code for code in context.line.diagnoses if code in asked.codes and code not in listed])


class DiagnosisFamilies(Row, frozen=True, kw_only=True, dict=True):
    """Families of diagnoses."""

    families: tuple[DiagnosisFamily, ...]

    @cached_property
    def set(self) -> Families:
        """The families, to look a code up in."""
        return Families(frozenset(self.families))


def only_diagnoses(asked: DiagnosisFamilies, context: LineRuleContext) -> str | None:
    """Every diagnosis of the line is of the families."""
    sent = context.line.diagnoses
    return _codes(sent) if sent and all(code in asked.set for code in sent) else None


class Places(Row, frozen=True, kw_only=True, dict=True):
    """Diagnoses of the ``fitting`` part of the body and of the ``other`` one, and an answer that names the part."""

    fitting: tuple[DiagnosisFamily, ...]
    other: tuple[DiagnosisFamily, ...]
    answer: AnswerName | None = None
    fitting_answers: tuple[Words, ...] = ()
    other_answers: tuple[Words, ...] = ()

    @cached_property
    def fits(self) -> Families:
        """The fitting diagnoses."""
        return Families(frozenset(self.fitting))

    @cached_property
    def others(self) -> Families:
        """The diagnoses of the other part."""
        return Families(frozenset(self.other))


def other_place(asked: Places, context: LineRuleContext) -> str | None:
    """Answer or diagnoses name the other part of the body, and nothing names the fitting one."""
    told = context.answer(asked.answer)
    if told in asked.fitting_answers:
        return None
    if told in asked.other_answers:
        return f"the answer {told}"
    if any(code in asked.fits for code in context.line.diagnoses):
        return None
    return _codes([code for code in context.line.diagnoses if code in asked.others])


class TooHigh(Row, frozen=True, kw_only=True, dict=True):
    """Secondary diagnoses that speak against the service."""

    against: tuple[DiagnosisFamily, ...]

    @cached_property
    def families(self) -> Families:
        """Those diagnoses."""
        return Families(frozenset(self.against))


def dual_diagnosis(asked: TooHigh, context: LineRuleContext) -> str | None:
    """The article wants two diagnoses together; one is not on the request, or another that speaks against it is."""
    article = context.article()
    pair = article.dual_diagnosis if article else None
    if article is None or pair is None:
        return None
    sent = context.facts.all_diagnoses
    if against := _codes([code for code in sent if code in asked.families]):
        return against
    groups = (article.of_group(pair.primary), article.of_group(pair.secondary))
    lacking = [_shown(group) for group in groups if group.isdisjoint(sent)]
    return f"no {' and no '.join(lacking)}" if lacking else None


def _shown(group: frozenset[str]) -> str:
    """Return a group in a few words: its only code, or the first and the last."""
    codes = sorted(group)
    return codes[0] if len(codes) == 1 else f"code of the list {codes[0]} to {codes[-1]}"


class Companion(Row, frozen=True, kw_only=True, dict=True):
    """Diagnoses that need one of ``needs`` on the request."""

    families: tuple[DiagnosisFamily, ...]
    needs: tuple[DiagnosisCode, ...]

    @cached_property
    def set(self) -> Families:
        """The diagnoses that need another."""
        return Families(frozenset(self.families))


def companion_missing(asked: Companion, context: LineRuleContext) -> str | None:
    """The line has a diagnosis of the families, and none of those that it needs is on the request."""
    if any(code in asked.needs for code in context.facts.all_diagnoses):
        return None
    return _codes([code for code in context.line.diagnoses if code in asked.set])


class Nothing(Row, frozen=True, kw_only=True):
    """A test that needs no parameters."""


def asterisked_alone(asked: Nothing, context: LineRuleContext) -> str | None:
    """The line has a diagnosis with an asterisk in the article, and none of those that go with it."""
    article = context.article()
    needs = article.asterisk.requires if article and article.asterisk else ()
    if article is None or not needs or any(code in needs for code in context.line.diagnoses):
        return None
    return _codes([code for code in context.line.diagnoses if code in article.asterisked])


class FracturePath(Row, frozen=True, kw_only=True, dict=True):
    """One path of vertebral augmentation: the ``group`` of the article that it needs a diagnosis of.

    The ``answer`` says which path it is (``value``: this one); without it the diagnoses do: ``malignant`` is the path
    of a line with one of the ``tumors``.
    """

    group: GroupRole
    answer: AnswerName
    value: Words
    malignant: bool
    tumors: tuple[DiagnosisFamily, ...]

    @cached_property
    def families(self) -> Families:
        """The diagnoses of the malignant path."""
        return Families(frozenset(self.tumors))


def path_without_listed(asked: FracturePath, context: LineRuleContext) -> str | None:
    """The line goes this path, and none of its diagnoses stands in the article's group for it."""
    article, sent = context.article(), context.line.diagnoses
    if article is None or not sent or not _goes(asked, context):
        return None
    return _codes(sent) if article.with_role(asked.group).isdisjoint(sent) else None


def _goes(asked: FracturePath, context: LineRuleContext) -> bool:
    told = context.answer(asked.answer)
    if told is not None:
        return told == asked.value
    return any(code in asked.families for code in context.line.diagnoses) == asked.malignant


def sides_differ(asked: DiagnosisFamilies, context: LineRuleContext) -> str | None:
    """The modifier of the line names a side, and the diagnoses (of the families, else all) name only the other."""
    named = {SIDE_MODIFIERS[each] for each in context.line.modifiers if each in SIDE_MODIFIERS}
    if named not in ({"right"}, {"left"}):
        return None
    looked_at = [code for code in context.line.diagnoses if not asked.families or code in asked.set]
    sided = {code: side for code in looked_at if (side := context.details.side(code))}
    if not sided or any(side == "both" or side in named for side in sided.values()):
        return None
    modifier = next(each for each in context.line.modifiers if each in SIDE_MODIFIERS)
    return f"{_codes(sided)} with the modifier {modifier}"


def side_open(asked: Nothing, context: LineRuleContext) -> str | None:
    """A diagnosis of the line leaves a side open that another code names."""
    return _codes([code for code in context.line.diagnoses if code in context.details.side_open])


def _codes(codes: Iterable[str]) -> str | None:
    return ", ".join(codes) or None
