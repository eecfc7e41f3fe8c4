"""What a request cannot tell: whether a beneficiary is known, a provider eligible, an exemption granted (S-15).

The engine asks through `Registry`; the store keeps the rows that `read_registry` takes from a file. A registry that
holds no row on somebody knows nothing, and nothing is ever dismissed for that.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Any, Literal, Protocol, TypeVar

import msgspec

from fhir_server.errors import ContentInvalid, Issue
from fhir_server.policy.forms import is_npi, member_number
from fhir_server.policy.rows import Problems, Row, read_mapping

BeneficiaryStatus = Literal["eligible", "deceased", "not-found"]
Payer = Literal[
    "original-medicare",
    "medicare-advantage",
    "medicaid",
    "railroad",
    "veterans-affairs",
    "indian-health-service",
    "other",
]
PAYER_NAMES: dict[Payer, str] = {
    "original-medicare": "Original Medicare",
    "medicare-advantage": "Medicare Advantage",
    "medicaid": "Medicaid",
    "railroad": "Railroad Medicare",
    "veterans-affairs": "Veterans Affairs",
    "indian-health-service": "Indian Health Service",
    "other": "another payer",
}
RowType = TypeVar("RowType", bound=Row)
Record = TypeVar("Record")


@dataclass(frozen=True, slots=True)
class BeneficiaryRecord:
    """What an eligibility check said about a member number, written as `fhir_server.policy.forms.member_number` does.

    ``not-found`` is a check's answer, not the lack of a record. A field that is ``None`` is not known.
    """

    member_id: str = field(repr=False)
    status: BeneficiaryStatus = "eligible"
    payer: Payer | None = None
    family_name: str | None = field(repr=False, default=None)
    given_name: str | None = field(repr=False, default=None)
    birth_date: date | None = field(repr=False, default=None)


@dataclass(frozen=True, slots=True)
class ProviderRecord:
    """What is on file for an NPI. A number that is ``None`` is not known."""

    npi: str
    eligible: bool = True
    ptan: str | None = None
    ccn: str | None = None


@dataclass(frozen=True, slots=True)
class Exemption:
    """A provider's exemption by date of service, both days included; ``states`` or ``categories`` ``None``: all."""

    npi: str
    effective_from: date
    effective_to: date | None = None
    states: tuple[str, ...] | None = None
    categories: tuple[str, ...] | None = None


class Registry(Protocol):
    """The port that the store fills."""

    def beneficiary(self, member_id: str) -> BeneficiaryRecord | None:
        """Return the record of a member number (written as `forms.member_number` does), or ``None``."""

    def provider(self, npi: str) -> ProviderRecord | None:
        """Return the record of an NPI, or ``None``."""

    def exemptions(self, npi: str) -> tuple[Exemption, ...]:
        """Return every exemption of an NPI, past and future ones included."""


class EmptyRegistry:
    """A registry that knows nothing."""

    def beneficiary(self, member_id: str) -> BeneficiaryRecord | None:
        """Return ``None``."""
        return None

    def provider(self, npi: str) -> ProviderRecord | None:
        """Return ``None``."""
        return None

    def exemptions(self, npi: str) -> tuple[Exemption, ...]:
        """Return no exemption."""
        return ()


@dataclass(frozen=True, slots=True)
class RegistryFile:
    """The records of a registry file."""

    beneficiaries: tuple[BeneficiaryRecord, ...] = ()
    providers: tuple[ProviderRecord, ...] = ()
    exemptions: tuple[Exemption, ...] = ()


_Npi = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{10}$")]
_State = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{2}$")]
_Name = Annotated[str, msgspec.Meta(min_length=1)]


class _BeneficiaryRow(Row, frozen=True, kw_only=True):
    member_id: _Name
    status: BeneficiaryStatus = "eligible"
    payer: Payer | None = None
    family_name: _Name | None = None
    given_name: _Name | None = None
    birth_date: date | None = None


class _ProviderRow(Row, frozen=True, kw_only=True):
    npi: _Npi
    eligible: bool = True
    ptan: _Name | None = None
    ccn: _Name | None = None


class _ExemptionRow(Row, frozen=True, kw_only=True):
    npi: _Npi
    effective_from: date
    effective_to: date | None = None
    states: tuple[_State, ...] | Literal["all"] = "all"
    categories: tuple[_Name, ...] | Literal["all"] = "all"


_CONTENT = re.compile(r"value '.*'", re.DOTALL)
_MEND = "Correct the row; its fields are " + "; ".join(
    f"{key}: {', '.join(row_type.__struct_fields__)}"
    for key, row_type in (
        ("beneficiaries", _BeneficiaryRow),
        ("providers", _ProviderRow),
        ("exemptions", _ExemptionRow),
    )
)


def read_registry(text: str) -> RegistryFile:
    """Return the records of a registry file, YAML or JSON: lists ``beneficiaries``, ``providers``, ``exemptions``.

    Raises `ContentInvalid` with one issue for each wrong row; the issues name rows and fields, never their content.
    """
    problems = Problems()
    content = read_mapping(text, "registry", problems)
    read = RegistryFile(
        _records(content, "beneficiaries", _BeneficiaryRow, _beneficiary, problems),
        _records(content, "providers", _ProviderRow, _provider, problems),
        _records(content, "exemptions", _ExemptionRow, _exemption, problems),
    )
    for _ in content:
        problems.add("registry", "only the lists beneficiaries, providers and exemptions are known")
    _check(read, problems)
    if problems.found:
        raise ContentInvalid(Issue("registry-row", found, _MEND) for found in problems.found)
    return read


def _records(
    content: dict[str, Any], key: str, row_type: type[RowType], make: Callable[[RowType], Record], problems: Problems
) -> tuple[Record, ...]:
    rows = content.pop(key, None) or ()
    if not isinstance(rows, Sequence) or isinstance(rows, str):
        problems.add(key, "a list of rows is expected")
        return ()
    records = []
    for index, each in enumerate(rows, start=1):
        try:
            records.append(make(msgspec.convert(each, row_type)))
        except msgspec.ValidationError as error:
            problems.add(f"{key}, row {index}", _CONTENT.sub("a value", str(error)))
    return tuple(records)


def _beneficiary(row: _BeneficiaryRow) -> BeneficiaryRecord:
    return BeneficiaryRecord(
        member_number(row.member_id), row.status, row.payer, row.family_name, row.given_name, row.birth_date
    )


def _provider(row: _ProviderRow) -> ProviderRecord:
    return ProviderRecord(row.npi, row.eligible, row.ptan, row.ccn)


def _exemption(row: _ExemptionRow) -> Exemption:
    return Exemption(row.npi, row.effective_from, row.effective_to, _all(row.states), _all(row.categories))


def _all(names: tuple[str, ...] | Literal["all"]) -> tuple[str, ...] | None:
    return None if isinstance(names, str) else names


def _check(read: RegistryFile, problems: Problems) -> None:
    _once([each.member_id for each in read.beneficiaries], "beneficiaries", problems)
    _once([each.npi for each in read.providers], "providers", problems)
    for key, npis in (
        ("providers", [each.npi for each in read.providers]),
        ("exemptions", [each.npi for each in read.exemptions]),
    ):
        for index, npi in enumerate(npis, start=1):
            if not is_npi(npi):
                problems.add(f"{key}, row {index}", "the NPI has a wrong check digit")
    for index, each in enumerate(read.exemptions, start=1):
        if each.effective_to is not None and each.effective_to < each.effective_from:
            problems.add(f"exemptions, row {index}", "the exemption ends before it begins")


def _once(keys: Sequence[str], place: str, problems: Problems) -> None:
    seen: dict[str, int] = {}
    for index, key in enumerate(keys, start=1):
        first = seen.setdefault(key, index)
        if first != index:
            problems.add(f"{place}, row {index}", f"the same number stands in row {first}")
