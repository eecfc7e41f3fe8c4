"""What is told where a primitive value is wrong, with the messages of the HL7 validator 6.10.4 that say the same."""

from __future__ import annotations

from fhir_server.fhir.validation.rules import Rule

_CALENDAR = "Send a day that exists, as YYYY-MM-DD, YYYY-MM or YYYY."
_MOMENT = "Send YYYY-MM-DDThh:mm:ss and a zone (Z or ±hh:mm)."

STRING = Rule(
    "fhir-type",
    "ERROR_PARSING_JSON_THE_PRIMITIVE_VALUE_MUST_BE_A_STRING",
    "{} stands where text is expected.",
    "Send it in quotes.",
)
TEXT = Rule(
    "fhir-type",
    "ERROR_PARSING_JSON_THE_PRIMITIVE_VALUE_MUST_BE_A_STRING",
    "{} stands where text is expected.",
    "Send text here, or leave the element out.",
)
NUMBER = Rule(
    "fhir-type",
    "ERROR_PARSING_JSON_THE_PRIMITIVE_VALUE_MUST_BE_A_NUMBER",
    "{} stands where a number is expected.",
    "Send the number without quotes.",
)
BOOLEAN = Rule(
    "fhir-type",
    "ERROR_PARSING_JSON_THE_PRIMITIVE_VALUE_MUST_BE_A_BOOLEAN",
    "{} stands where true or false is expected.",
    "Send true or false, without quotes.",
)
BOOLEAN_VALUE = Rule(
    "fhir-boolean",
    "Type_Specific_Checks_DT_Boolean_Value",
    "The value is neither true nor false.",
    "Send true or false, without quotes.",
)
EMPTY = Rule(
    "fhir-empty", "Type_Specific_Checks_DT_Primitive_NotEmpty", "The value is empty.", "Leave the element out."
)
BLANK = Rule(
    "fhir-blank",
    "Type_Specific_Checks_DT_Primitive_WS",
    "The value is nothing but blanks.",
    "Leave the element out.",
    "warning",
)
CONTROL = Rule(
    "fhir-control-character",
    "UNICODE_XML_BAD_CHARS",
    "The value holds a control character, which XML cannot carry.",
    "Take it out.",
    "warning",
)
DIRECTION = Rule(
    "fhir-direction",
    "UNICODE_BIDI_CONTROLS_CHARS_MATCH",
    "The value turns the direction of writing and does not turn it back.",
    "Take out the invisible character, or close it.",
    "warning",
)
STRING_BLANKS = Rule(
    "fhir-string-blanks",
    "Type_Specific_Checks_DT_String_WS",
    "The text starts or ends with a blank.",
    "Send the text without it.",
    "warning",
)
STRING_ALL_BLANKS = Rule(
    "fhir-string-blanks",
    "Type_Specific_Checks_DT_String_WS_ALL",
    "The text is nothing but blanks.",
    "Leave the element out.",
    "warning",
)
STRING_LENGTH = Rule(
    "fhir-string-length",
    "Type_Specific_Checks_DT_String_Length",
    "The text is longer than 1,048,576 characters, the most that a string may have.",
    "Shorten it, or send it as an attachment.",
)
MARKDOWN_HTML = Rule(
    "fhir-markdown-html",
    "TYPE_SPECIFIC_CHECKS_DT_MARKDOWN_HTML",
    "The markdown holds HTML.",
    "Use markdown for it, or write \\< where the character itself is meant.",
    "warning",
)
CODE = Rule(
    "fhir-code",
    "Type_Specific_Checks_DT_Code_WS",
    "The code has blanks before or behind it, or more than one between its parts.",
    "Send the code as its code system writes it.",
)
ID = Rule(
    "fhir-id",
    "Type_Specific_Checks_DT_ID_Valid",
    "The id is not 1 to 64 of the characters A-Z, a-z, 0-9, - and .",
    "Send an id of these characters.",
)
RESOURCE_ID = Rule("fhir-id", "Resource_RES_ID_Malformed_Chars", ID.found, ID.mend)
RESOURCE_ID_EMPTY = Rule(
    "fhir-id", "Resource_RES_ID_Malformed_Chars", "The id of the resource is empty.", "Leave the element out."
)
URI_BLANKS = Rule(
    "fhir-uri", "Type_Specific_Checks_DT_URI_WS", "The address holds a blank.", "Take it out, or write %20."
)
URI_OID = Rule(
    "fhir-uri-oid", "Type_Specific_Checks_DT_URI_OID", "An OID starts with urn:oid:, not oid:.", "Write urn:oid:."
)
URI_UUID = Rule(
    "fhir-uri-uuid", "Type_Specific_Checks_DT_URI_UUID", "A UUID starts with urn:uuid:, not uuid:.", "Write urn:uuid:."
)
OID = Rule(
    "fhir-oid",
    "Type_Specific_Checks_DT_OID_Valid",
    "The OID is not digits and points that start with 0, 1 or 2 and name something below a root.",
    "Send the whole OID, without zeros in front of a number.",
)
OID_START = Rule(
    "fhir-oid", "Type_Specific_Checks_DT_OID_Start", "The OID does not start with urn:oid:.", "Write urn:oid:."
)
UUID = Rule(
    "fhir-uuid",
    "Type_Specific_Checks_DT_UUID_Valid",
    "The UUID is not 8-4-4-4-12 hexadecimal digits in lower case.",
    "Send it in lower case and whole.",
)
UUID_START = Rule(
    "fhir-uuid", "Type_Specific_Checks_DT_UUID_Strat", "The UUID does not start with urn:uuid:.", "Write urn:uuid:."
)
CANONICAL = Rule(
    "fhir-canonical",
    "TYPE_SPECIFIC_CHECKS_CANONICAL_ABSOLUTE",
    "The canonical address is not absolute.",
    "Send the whole address, with its scheme in lower case, as in https://…",
)
DATE = Rule("fhir-date", "Type_Specific_Checks_DT_Date_Valid", "This is not a date.", _CALENDAR)
DATE_TIME = Rule(
    "fhir-datetime", "Type_Specific_Checks_DT_DateTime_Valid", "This is not a date, or a date with a time.", _MOMENT
)
ZONE = Rule("fhir-timezone", "Type_Specific_Checks_DT_DateTime_TZ", "The time has no zone.", "Add Z or ±hh:mm.")
INSTANT = Rule("fhir-instant", "Type_Specific_Checks_DT_DateTime_Regex", "This is not a moment in time.", _MOMENT)
YEAR = Rule(
    "fhir-year",
    "Type_Specific_Checks_DT_DateTime_Reasonable",
    "The year is before 1800 or far ahead.",
    "Check the year.",
    "warning",
)
TIME = Rule(
    "fhir-time", "Type_Specific_Checks_DT_Time_Valid", "This is not a time of day.", "Send hh:mm:ss without a zone."
)
INTEGER = Rule(
    "fhir-integer",
    "Type_Specific_Checks_DT_Integer_Valid",
    "The number is not whole, or beyond ±2,147,483,648.",
    "Send a whole number without a point or an exponent.",
)
UNSIGNED = Rule("fhir-integer", "Type_Specific_Checks_DT_Integer_LT0", "The number is below 0.", "Send 0 or more.")
POSITIVE = Rule("fhir-integer", "Type_Specific_Checks_DT_Integer_LT1", "The number is below 1.", "Send 1 or more.")
DECIMAL = Rule(
    "fhir-decimal",
    "Type_Specific_Checks_DT_Decimal_Valid",
    "This is not a number.",
    "Send digits, with a point where there is a fraction.",
)
DECIMAL_RANGE = Rule(
    "fhir-decimal-range",
    "Type_Specific_Checks_DT_Decimal_Range",
    "The number has more than 18 digits, which not every system keeps.",
    "Round it.",
    "warning",
)
BASE64 = Rule(
    "fhir-base64",
    "Type_Specific_Checks_DT_Base64_Valid",
    "The base64 text is not whole: its length is no multiple of 4.",
    "Encode the content again (RFC 4648, with =).",
)
BASE64_BLANKS = Rule(
    "fhir-base64-blanks",
    "TYPE_SPECIFIC_CHECKS_DT_BASE64_NO_WS_WARNING",
    "The base64 text holds blanks or line breaks.",
    "Send it in one piece.",
    "warning",
)
BASE64_ALPHABET = Rule(
    "fhir-base64-alphabet",
    "",
    "The base64 text cannot be decoded: it holds other characters than A-Z, a-z, 0-9, + and /, or = before its end.",
    "Encode the content again (RFC 4648, not its form for addresses).",
    "warning",
)
