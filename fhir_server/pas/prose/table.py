"""The rules that PAS states in words only, one row each.

A row refuses where the guide says SHALL and nothing contradicts it; it warns where the guide says SHOULD, where its own
examples or another statement contradict it, or where FHIR or X12 and not the guide is the source.
"""

from __future__ import annotations

from fhir_server.pas.prose import elements, requests, responses, subscriptions, updates
from fhir_server.pas.prose.rule import BOTH, NEWEST, ProseRule

CLAIMS = ("request", "update", "inquiry")
NO_STATEMENT = "No statement of the guide says it; FHIR does not refuse it either."
EXAMPLES_DIFFER = "The guide's own examples do otherwise (T-18)."
SERVER_COMPARES = "The server finds the changes itself; the published text confuses the two marks (T-3)."

REQUEST_RULES = (
    ProseRule(
        "PAS-029", "spec-22", CLAIMS, requests.information_repeated,
        "supportingInfo.sequence {} is used twice.", "Number each entry once.",
        "SHALL.", refused_in=BOTH,
    ),
    ProseRule(
        "PAS-041", "spec-34", CLAIMS, requests.item_repeated,
        "item.sequence {} is used twice.", "Number each entry once.",
        "SHALL: the number is the key of an item for the whole life of the authorization.", refused_in=BOTH,
    ),
    ProseRule(
        "sequence-repeated", "FHIR R4, Claim", CLAIMS, requests.sequence_repeated,
        "{}.sequence {} is used twice.", "Number each entry once.",
        NO_STATEMENT,
    ),
    ProseRule(
        "sequence-unknown", "FHIR R4, Claim.item", CLAIMS, requests.sequence_unknown,
        "The Claim has no {} with the sequence {}.", "Refer to an entry that is there, or add it.",
        NO_STATEMENT,
    ),
    ProseRule(
        "immediate-level", "PAS 2.2.1, invariant ImmediateLevelOfCare; T-7", ("request", "update"),
        requests.immediate_without_level,
        "An immediate appeal (certification type 1) comes without a level of service.",
        "Add the extension levelOfServiceCode to the Claim.",
        "The invariant looks at the wrong element and never holds; this is what it means.",
    ),
    ProseRule(
        "insurance-focal", "FHIR R4, Claim.insurance.focal; T-14", CLAIMS, requests.several_focal,
        "{} coverages call themselves the focal one.", "Mark the coverage that is asked, and it alone.",
        "The profile's own pattern marks every coverage as focal.",
    ),
    ProseRule(
        "member-number", "PAS 2.2.1, specification and profile-coverage; T-8", CLAIMS, requests.no_member_number,
        "Neither a coverage nor the patient has a member number.",
        "Give Coverage.identifier of type MB with its value, or Coverage.subscriberId.",
        "The profile demands a slice for it and no value; the policy decides what follows.",
    ),
    ProseRule(
        "x12-repetitions", "PAS 2.2.1, use cases, Repeating Fields", CLAIMS, requests.too_many_diagnoses,
        "There are {} diagnoses; X12 carries the first {}.", "Put those that matter first.",
        "What is too much is ignored on the way, not refused.",
    ),
    ProseRule(
        "x12-repetitions", "PAS 2.2.1, use cases, Repeating Fields", CLAIMS, requests.too_many_members,
        "There are {} care team members; X12 carries the first {}.", "Put those that matter first.",
        "What is too much is ignored on the way, not refused.",
    ),
    ProseRule(
        "PAS-028", "spec-21", CLAIMS, requests.unwrapped_document,
        "The document comes as {}.", "Put it inside a DocumentReference.",
        "SHOULD.",
    ),
    ProseRule(
        "PAS-077", "prof-2", CLAIMS, elements.quantity_without_unit,
        "The quantity has neither unit nor code.", "Add the unit, or the code of X12 673.",
        "SHALL.", refused_in=NEWEST, releases=NEWEST,
    ),
    ProseRule(
        "PAS-078", "prof-3", (*CLAIMS, "order", "response"), elements.quantity_of_another_system,
        "The code of the quantity is not of X12 673.", f"Send the system {elements.UNITS}, or the unit alone.",
        EXAMPLES_DIFFER, releases=NEWEST,
    ),
)  # fmt: skip

UPDATE_RULES = (
    ProseRule(
        "PAS-067", "spec-65, prof-4", ("update",), updates.prior_not_included,
        "The Claim that is changed is not an entry of the Bundle.", "Add it, and refer to it by its fullUrl.",
        "SHALL.", refused_in=NEWEST, releases=NEWEST,
    ),
    ProseRule(
        "PAS-070", "spec-68, prof-5, prof-6", ("update",), updates.sequence_left_out,
        "{} of the Claim that is changed are left out: {}.", "Repeat every entry, those that are cancelled too.",
        "SHALL.", refused_in=NEWEST, releases=NEWEST,
    ),
    ProseRule(
        "PAS-071", "spec-69, prof-8", ("update",), updates.code_without_cancelled,
        "The item has certification type 3 and is not marked as cancelled.", "Add infoCancelled with true.",
        "SHALL.", refused_in=NEWEST, releases=NEWEST,
    ),
    ProseRule(
        "PAS-072", "spec-70, prof-7", ("update",), updates.cancelled_without_code,
        "The item is marked as cancelled and has not certification type 3.", "Add certificationType with 3.",
        "SHALL.", refused_in=NEWEST, releases=NEWEST,
    ),
    ProseRule(
        "PAS-073", "spec-71", ("update",), updates.change_unmarked,
        "The entry is {}, and not marked so.", "Add infoChanged.",
        SERVER_COMPARES, releases=NEWEST,
    ),
    ProseRule(
        "PAS-074", "spec-72, prof-9, prof-10; T-3", ("update",), updates.mark_of_another_kind,
        "The entry is marked as {}.", "Send {1}: `added` for what is new, `changed` for the rest.",
        SERVER_COMPARES, releases=NEWEST,
    ),
)  # fmt: skip

ELEMENT_RULES = (
    ProseRule(
        "PAS-076", "prof-1", ("order",), elements.empty_timing,
        "The timing says neither how many, nor how often, nor by which pattern.",
        "Add count, or frequency with period and periodUnit, or a calendar or delivery pattern.",
        "SHALL.", refused_in=NEWEST, releases=NEWEST,
    ),
    ProseRule(
        "PAS-077", "prof-2", ("order",), elements.quantity_without_unit,
        "The quantity has neither unit nor code.", "Add the unit, or the code of X12 673.",
        "SHALL.", refused_in=NEWEST, releases=NEWEST,
    ),
    ProseRule(
        "PAS-079", "prof-ben-1, prof-sub-1; T-28", (*CLAIMS, "party"), elements.odd_postal_code,
        "The postal code is no ZIP code.", "Send five digits, or nine with a dash after the fifth.",
        "It is the receiver that SHALL expect the dash.",
    ),
    ProseRule(
        "PAS-061", "spec-58", ("subscription",), subscriptions.no_filter,
        "The Subscription does not say which sender it is for.", "Add the filter org-identifier=… to criteria.",
        "SHALL.", refused_in=NEWEST, releases=NEWEST,
    ),
    ProseRule(
        "PAS-061", "spec-58; T-4", ("subscription",), subscriptions.filter_by_alias,
        "The filter is called orgIdentifier, as the topic has it.", "Call it org-identifier, as the guide's text does.",
        "The topic and the guide's example differ from its text.", releases=NEWEST,
    ),
)  # fmt: skip

RESPONSE_RULES = (
    ProseRule(
        "PAS-041", "spec-34", ("response",), responses.sequence_not_asked,
        "The Claim has no item {}.", "Repeat the sequence of the item that is answered.",
        "SHALL.", refused_in=BOTH,
    ),
    ProseRule(
        "PAS-044", "spec-36, spec-37", ("response",), responses.modified_without_authorized,
        "The item was modified (A6), and no addItem says what was authorized.",
        "Add it with the same sequence in its itemSequence.",
        "SHALL.", refused_in=NEWEST, releases=NEWEST,
    ),
    ProseRule(
        "PAS-049", "spec-44", ("response",), responses.no_request,
        "The response names no request.", "Add its reference or identifier, or a data-absent-reason.",
        "SHALL.", refused_in=NEWEST, releases=NEWEST,
    ),
    ProseRule(
        "PAS-077", "prof-2; T-18", ("response",), elements.quantity_without_unit,
        "The quantity has neither unit nor code.", "Add the unit, or the code of X12 673.",
        EXAMPLES_DIFFER, releases=NEWEST,
    ),
    ProseRule(
        "PAS-095", "PAS 2.2.1, extension-reviewActionCode", ("response",), responses.action_of_another_system,
        "The decision has no code of X12 306.", f"Add a coding of {responses.REVIEW_ACTIONS}.",
        "The binding is required, and its codes are not ours to ship.", refused_in=BOTH,
    ),
    ProseRule(
        "PAS-095", "PAS 2.2.1, profile-claimresponse-base", ("response",), responses.error_of_another_system,
        "The error has no code of X12 901.", f"Add a coding of {responses.REJECT_REASONS}.",
        "The binding is required, and its codes are not ours to ship.", refused_in=BOTH,
    ),
    ProseRule(
        "PAS-097", "PAS 2.2.1, profile-claimresponse-base", ("response",), responses.note_unknown,
        "The response has no processNote {}.", "Add the note, or leave its number out.",
        "Its number is all that leads from an item to the note.", refused_in=BOTH,
    ),
    ProseRule(
        "PAS-097", "PAS 2.2.1, profile-claimresponse-base", ("response",), responses.note_repeated,
        "processNote.number {} is used twice.", "Number each note once.",
        "Its number is all that leads from an item to the note.", refused_in=BOTH,
    ),
    ProseRule(
        "decision-missing", "PAS 2.2.1, specification; T-11", ("response",), responses.undecided_item,
        "Nothing says how the item was decided.", "Add an adjudication with reviewAction and its code.",
        "Every element on the way to the decision is optional.",
    ),
    ProseRule(
        "decision-missing", "PAS 2.2.1, profile-claimresponse-base; T-11", ("response",), responses.undecided_addition,
        "Nothing says how the added item was decided.", "Add an adjudication with reviewAction and its code.",
        "In 2.0.1 no context lets a decision stand on an added item.", releases=("2.2",),
    ),
    ProseRule(
        "denial-reason", "PAS 2.2.1, specification; T-2", ("response",), responses.denial_without_reason,
        "The item was not certified, and nothing says why.", "Add a reasonCode, or a processNote and its noteNumber.",
        "Only the guide's next edition says it.",
    ),
    ProseRule(
        "error-missing", "PAS 2.2.1, specification, Errors", ("response",), responses.error_untold,
        "The outcome is `error`, and no error is told.", "Add an error with a code of X12 901.",
        NO_STATEMENT,
    ),
    ProseRule(
        "answer-empty", "PAS 2.2.1, profile-claimresponse-base; T-6", ("response",), responses.nothing_told,
        "The response tells neither a decision nor an error.", "Add items, an adjudication of the whole, or errors.",
        NO_STATEMENT,
    ),
    ProseRule(
        "error-path", "PAS 2.2.1, extension-errorPath; T-18", ("response",), responses.odd_error_path,
        "The place of the error is no FHIRPath from the Bundle on.", "Send Bundle.entry[…].resource and the element.",
        EXAMPLES_DIFFER, releases=NEWEST,
    ),
)  # fmt: skip

RULES = REQUEST_RULES + UPDATE_RULES + ELEMENT_RULES + RESPONSE_RULES
