"""The primitive types against a table of values, each with what the HL7 validator 6.10.4 says of it.

The verdicts were taken from the validator (guide r4, the value in an extension of a Basic). Where a rule is ours alone
(base64 that cannot be decoded) it is a warning. Three verdicts are not the validator's: it ends with an exception at
-2147483649, has two faults where an instant of the year 0000 has one here, and does not take a lone U+001F for blank.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_server.fhir.json import loads
from fhir_server.fhir.validation import primitive_rules
from fhir_server.fhir.validation.addresses import check_defining_url
from fhir_server.fhir.validation.primitives import PRIMITIVES, check_resource_id
from fhir_server.fhir.validation.report import Report, root
from fhir_server.fhir.validation.rules import Rule

# (type, rules that are told, values); a rule with ~ is a warning.
TABLE = (
    ("boolean", "", r"[true]"),
    ("boolean", "fhir-type", r'["true", null, {}, [], [true]]'),
    ("boolean", "fhir-type fhir-boolean", r'[1, "x", 1.5, 0, "True"]'),
    ("boolean", "fhir-type fhir-empty", r'[""]'),
    ("boolean", "fhir-type ~fhir-blank", r'[" "]'),
    ("integer", "", r"[1, 2147483647, -2147483648, -0]"),
    ("integer", "fhir-type", r'["1", "-5", "-0"]'),
    ("integer", "fhir-integer", r"[1.0, 1.5, 1e2, 2147483648, -2147483649, 99999999999]"),
    ("integer", "fhir-type fhir-integer", r'[true, "abc", "1.5", "99999999999", "01", "+1"]'),
    ("integer", "fhir-type fhir-empty", r'[""]'),
    ("integer", "fhir-type ~fhir-blank", r'[" "]'),
    ("unsignedInt", "", r"[0]"),
    ("unsignedInt", "fhir-integer", r"[-1, 2147483648]"),
    ("unsignedInt", "fhir-type fhir-integer", r'["-1", "x"]'),
    ("unsignedInt", "fhir-type", r'["0"]'),
    ("positiveInt", "", r"[1]"),
    ("positiveInt", "fhir-integer", r"[0, -1]"),
    ("positiveInt", "fhir-type fhir-integer", r'["0", false]'),
    ("positiveInt", "fhir-type", r'["5"]'),
    ("decimal", "", r"[1, 1.0, 1e5, 1.0e5, -0.1, 1E+05, 1e05, 1e-5, -0, 0.12345678901234567, 1234567890123456]"),
    ("decimal", "", r"[123456789012345678, 12345678901234567.1, 1.00000000000000000, 0.1e-5, 1.5e10, 0, -0.5]"),
    ("decimal", "", r"[12345678901234567e1, 123456789012345678e10, 0.00000000000000001]"),
    ("decimal", "fhir-type", r'["1", "1.5", "1e5"]'),
    ("decimal", "~fhir-decimal-range", r"[1234567890123456789, 123456789012345678.1, 0.0000000000000000001]"),
    ("decimal", "~fhir-decimal-range", r"[0.123456789012345678, 12345678901234567890123, -1234567890123456789]"),
    ("decimal", "~fhir-decimal-range", r"[0.0000000000000000000, 1.000000000000000000, 0.000000000000000001]"),
    ("decimal", "fhir-type fhir-decimal", r'[true, "abc", "+1", "01", "1.", "-"]'),
    ("decimal", "fhir-type ~fhir-blank", r'[" "]'),
    ("decimal", "fhir-type fhir-empty", r'[""]'),
    ("string", "", r'["a", "a\u202eb\u202c", "<b>x</b> <", "a\u2066b\u2069", "\u2069", "a\u202eb\nc"]'),
    ("string", "", r'["a\u200fb\u202c", "\u2066\u202e\u2069", "a\u202ab", "x\ud83d\ude00"]'),
    ("string", "fhir-type", r"[1, true]"),
    ("string", "fhir-empty", r'[""]'),
    ("string", "~fhir-blank", r'[" ", "\n", "\u001f"]'),
    ("string", "~fhir-string-blanks", r'["  a", "a ", "\ta", "a\n", "a\u00a0", "\u00a0", "\u0085", "\u2007"]'),
    ("string", "~fhir-control-character", r'["a\u0001b", "\u001fa"]'),
    ("string", "~fhir-direction", r'["a\u202eb", "a\u200e"]'),
    ("markdown", "", r'["a", " a", "a\n", "a < b", "\\<b>", "<foo", "<1>", "<b/>", "<\n", "http://<a@b.c>", "<é>"]'),
    ("markdown", "fhir-empty", r'[""]'),
    ("markdown", "~fhir-blank", r'[" "]'),
    ("markdown", "~fhir-markdown-html", r'["<b>x</b>", "</p>", "<!-- x -->", "<a href=\"x\">", "<foo ", "<?x"]'),
    ("markdown", "~fhir-markdown-html", r'["<x-y>", "a\n<b>\nx", "\\<!"]'),
    ("markdown", "~fhir-control-character", r'["a\u0001"]'),
    ("markdown", "fhir-type", r"[5]"),
    ("code", "", r'["a", "a b"]'),
    ("code", "fhir-code", r'["a  b", " a", "a ", "a\tb", "a\u00a0b", "a\nb", "a\u2003b", "\u2007"]'),
    ("code", "fhir-empty", r'[""]'),
    ("code", "~fhir-blank", r'[" "]'),
    ("code", "fhir-type", r"[5, true, -1]"),
    ("code", "~fhir-control-character", r'["\u001fa", "a\u0001", "a\u001fb"]'),
    ("code", "~fhir-direction", r'["a\u202eb"]'),
    ("id", "", r'["a", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "a.B-9", "-", "."]'),
    ("id", "fhir-id", r'["a_b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "a b", "a "]'),
    ("id", "fhir-id", r'["\u00a0", "ä", "a\n"]'),
    ("id", "fhir-empty", r'[""]'),
    ("id", "fhir-type", r"[5, true, 1.5]"),
    ("date", "", r'["2024", "2024-02", "2024-02-29", "1800-01-01", "2106-01-01", "2024-12-31"]'),
    ("date", "fhir-date", r'["2023-02-29", "2023-02-30", "2023-04-31", "2024-13-01", "2024-00-01", "2024-1-1"]'),
    ("date", "fhir-date", r'["20240101", "0000", "24", "2024-01-01 ", " 2024-01-01", "2024-01-01\n", "abc"]'),
    ("date", "fhir-date", r'["2024-01-01T00:00:00Z", "1900-02-29", "２０２４-01-01", "2024-01-32", "\u2007"]'),
    ("date", "fhir-date", r'["2024-02-30 ", "1799-02-30", "2024-11-31"]'),
    ("date", "~fhir-year", r'["0001", "1799", "2107-01-01", "9999-01-01", "1000", "1010"]'),
    ("date", "fhir-empty", r'[""]'),
    ("date", "~fhir-blank", r'[" "]'),
    ("date", "fhir-type fhir-date", r"[20240101, true, 1.5]"),
    ("date", "fhir-type", r"[2024, null, {}]"),
    ("date", "~fhir-control-character fhir-date", r'["2024-02-29\u0001"]'),
    ("dateTime", "", r'["2024", "2024-02", "2024-02-29", "1800-01-01", "2106-01-01", "2024-01-01T00:00:00Z"]'),
    ("dateTime", "", r'["2024-01-01T10:00:00+01:00", "2024-01-01T10:00:00+14:00", "2024-01-01T23:59:60Z"]'),
    ("dateTime", "", r'["2024-01-01T10:00:00.123456789Z", "2024-01-01T10:00:00.1234567890123Z"]'),
    ("dateTime", "", r'["2024-01-01T10:00:00-00:00", "2024-01-01T10:00:00.1Z"]'),
    ("dateTime", "fhir-datetime", r'["2023-02-29", "2023-02-30", "2023-04-31", "2024-13-01", "2024-00-01"]'),
    ("dateTime", "fhir-datetime", r'["2024-1-1", "20240101", "0000", "24", "2024-01-01 ", " 2024-01-01"]'),
    ("dateTime", "fhir-datetime", r'["2024-01-01\n", "abc", "1900-02-29", "２０２４-01-01", "2024-01-32"]'),
    ("dateTime", "fhir-datetime", r'["2024-01-01T10:00", "2024-01-01T10:00Z", "2024-01-01T10:00:00+14:30"]'),
    ("dateTime", "fhir-datetime", r'["2024-01-01T10:00:00+15:00", "2024-01-01T24:00:00Z", "2024-01-01T10:00:61Z"]'),
    ("dateTime", "fhir-datetime", r'["2024-01-01T10:00:00.Z", "2024-01-01t10:00:00z", "2024-01-01T10:00:00 Z"]'),
    ("dateTime", "fhir-datetime", r'["2024-01-01T10:00:00-0500", "2023-02-30T10:00:00Z", "2024-01T10:00:00Z"]'),
    ("dateTime", "fhir-datetime", r'["2024-01-01T10:00:00,1Z", "-2024-01-01T10:00:00Z", "0000-01-01T10:00:00Z"]'),
    ("dateTime", "fhir-datetime", r'["2023-02-31T10:00:00-14:00"]'),
    ("dateTime", "~fhir-year", r'["0001", "1799", "2107-01-01", "9999-01-01", "1000", "1010"]'),
    ("dateTime", "~fhir-year", r'["0024-01-01T10:00:00Z", "1799-01-01T10:00:00Z"]'),
    ("dateTime", "fhir-empty", r'[""]'),
    ("dateTime", "~fhir-blank", r'[" "]'),
    ("dateTime", "fhir-type fhir-datetime", r"[20240101]"),
    ("dateTime", "fhir-timezone", r'["2024-01-01T10:00:00"]'),
    ("instant", "fhir-instant", r'["2024", "2024-02", "2024-02-29", "2023-02-29", "2023-02-30", "2023-04-31"]'),
    ("instant", "fhir-instant", r'["2024-13-01", "2024-00-01", "2024-1-1", "20240101", "0001", "0000", "1799"]'),
    ("instant", "fhir-instant", r'["1800-01-01", "2106-01-01", "2107-01-01", "9999-01-01", "24", "2024-01-01 "]'),
    ("instant", "fhir-instant", r'[" 2024-01-01", "2024-01-01\n", "abc", "1000", "1010", "1900-02-29"]'),
    ("instant", "fhir-instant", r'["２０２４-01-01", "2024-01-32", "2024-01-01T10:00:00", "2024-01-01T10:00"]'),
    ("instant", "fhir-instant", r'["2024-01-01T10:00Z", "2024-01-01T10:00:00+14:30", "2024-01-01T10:00:00+15:00"]'),
    ("instant", "fhir-instant", r'["2024-01-01T24:00:00Z", "2024-01-01T10:00:61Z", "2024-01-01T10:00:00.Z"]'),
    ("instant", "fhir-instant", r'["2024-01-01t10:00:00z", "2024-01-01T10:00:00 Z", "2024-01-01T10:00:00-0500"]'),
    ("instant", "fhir-instant", r'["2023-02-30T10:00:00Z", "2024-01T10:00:00Z", "2024-01-01T10:00:00,1Z"]'),
    ("instant", "fhir-instant", r'["-2024-01-01T10:00:00Z", "0000-01-01T10:00:00Z", "2023-02-31T10:00:00-14:00"]'),
    ("instant", "fhir-empty", r'[""]'),
    ("instant", "~fhir-blank", r'[" "]'),
    ("instant", "fhir-type fhir-instant", r"[20240101]"),
    ("instant", "", r'["2024-01-01T00:00:00Z", "2024-01-01T10:00:00+01:00", "2024-01-01T10:00:00+14:00"]'),
    ("instant", "", r'["2024-01-01T23:59:60Z", "2024-01-01T10:00:00.123456789Z"]'),
    ("instant", "", r'["2024-01-01T10:00:00.1234567890123Z", "2024-01-01T10:00:00-00:00", "2024-01-01T10:00:00.1Z"]'),
    ("instant", "~fhir-year", r'["0024-01-01T10:00:00Z", "1799-01-01T10:00:00Z"]'),
    ("time", "", r'["10:00:00", "23:59:60", "00:00:00", "23:59:59"]'),
    ("time", "fhir-time", r'["10:00", "24:00:00", "10:00:00.1", "10:00:00.123456", "10:00:00Z", "1:00:00"]'),
    ("time", "fhir-time", r'["10:00:61", "10:00:00 ", "10:00:00\n"]'),
    ("time", "fhir-empty", r'[""]'),
    ("time", "~fhir-blank", r'[" "]'),
    ("time", "fhir-type fhir-time", r"[100000, 1]"),
    ("time", "~fhir-control-character fhir-time", r'["\u0001"]'),
    ("uri", "", r'["http://a.org/x", "a", "urn:oid:1.2.840.1", "urn:oid:1.3.4", "urn:oid:2.16.840."]'),
    ("uri", "", r'["urn:oid:2.16.1", "urn:oid:2.999.1", "urn:uuid:12345678-1234-1234-1234-123456789abc"]'),
    ("uri", "", r'["urn:uuid:12345678-1234-1234-1234-123456789abc#a", "#a", "#", "http://a\u00a0b", "http://ä.org"]'),
    ("uri", "", r'["Patient/1", "mailto:a@b", "HTTP://a", "http:", "a:b", "A:b", "1:b", "http://a|1", "1.2.3"]'),
    ("uri", "", r'["12345678-1234-1234-1234-123456789abc", "http://a.org/<x>", "urn:UUID:123", "URN:oid:1"]'),
    ("uri", "", r'["http://hl7.org/fhir/foo", "urn:oid:1.3", "http://x\u2028y"]'),
    ("uri", "fhir-uri", r'["a b", " http://a", "http://a ", "http://a b", "http://a\t", "\u00a0http://a"]'),
    ("uri", "fhir-uri", r'["http://a\nb", "\u3000a", "http://a\u3000", "\u2007"]'),
    ("uri", "fhir-uri-oid", r'["oid:1.2"]'),
    ("uri", "fhir-uri-uuid", r'["uuid:1"]'),
    ("uri", "fhir-oid", r'["urn:oid:1.2.3", "urn:oid:3.2.840.1", "urn:oid:01.2.3.4.5", "urn:oid:1.2.840.01"]'),
    ("uri", "fhir-oid", r'["urn:oid:", "urn:oid:2.16", "urn:oid:1.2.840.1|3", "urn:oid:1."]'),
    ("uri", "fhir-oid", r'["urn:oid:1.3.6.1.4.1.x", "urn:oid:1.2.840.1#1"]'),
    ("uri", "fhir-uuid", r'["urn:uuid:12345678-1234-1234-1234-123456789ABC", "urn:uuid:123"]'),
    ("uri", "fhir-uuid", r'["urn:uuid:12345678-1234-1234-1234-123456789abc|1", "urn:uuid:"]'),
    ("uri", "fhir-empty", r'[""]'),
    ("uri", "~fhir-blank", r'[" ", "\u001f"]'),
    ("uri", "fhir-type", r"[5]"),
    ("uri", "~fhir-control-character", r'["http://a\u0001", "\u001fhttp://a"]'),
    ("uri", "~fhir-direction", r'["http://a\u202e"]'),
    ("uri", "~fhir-control-character fhir-uri", r'["http://x\u000by"]'),
    ("url", "", r'["http://a.org/x", "a", "urn:oid:1.2.840.1", "urn:oid:1.3.4", "urn:oid:2.16.840."]'),
    ("url", "", r'["urn:oid:2.16.1", "urn:oid:2.999.1", "urn:uuid:12345678-1234-1234-1234-123456789abc"]'),
    ("url", "", r'["urn:uuid:12345678-1234-1234-1234-123456789abc#a", "#a", "#", "http://a\u00a0b", "http://ä.org"]'),
    ("url", "", r'["Patient/1", "mailto:a@b", "HTTP://a", "http:", "a:b", "A:b", "1:b", "http://a|1", "1.2.3"]'),
    ("url", "", r'["12345678-1234-1234-1234-123456789abc", "http://a.org/<x>", "urn:UUID:123", "URN:oid:1"]'),
    ("url", "", r'["http://hl7.org/fhir/foo"]'),
    ("url", "fhir-uri", r'["a b", " http://a", "http://a ", "http://a b", "http://a\t", "\u00a0http://a"]'),
    ("url", "fhir-uri", r'["http://a\nb"]'),
    ("url", "fhir-uri-oid", r'["oid:1.2"]'),
    ("url", "fhir-uri-uuid", r'["uuid:1"]'),
    ("url", "fhir-oid", r'["urn:oid:1.2.3", "urn:oid:3.2.840.1", "urn:oid:01.2.3.4.5", "urn:oid:1.2.840.01"]'),
    ("url", "fhir-oid", r'["urn:oid:", "urn:oid:2.16", "urn:oid:1.2.840.1|3"]'),
    ("url", "fhir-uuid", r'["urn:uuid:12345678-1234-1234-1234-123456789ABC", "urn:uuid:123"]'),
    ("url", "fhir-uuid", r'["urn:uuid:12345678-1234-1234-1234-123456789abc|1", "urn:uuid:"]'),
    ("url", "fhir-empty", r'[""]'),
    ("url", "~fhir-blank", r'[" "]'),
    ("url", "fhir-type", r"[5]"),
    ("url", "~fhir-control-character", r'["http://a\u0001"]'),
    ("url", "~fhir-direction", r'["http://a\u202e"]'),
    ("canonical", "", r'["http://a.org/x", "urn:oid:1.2.840.1", "urn:oid:1.3.4", "urn:oid:2.16.840."]'),
    ("canonical", "", r'["urn:oid:2.16.1", "urn:oid:2.999.1", "urn:uuid:12345678-1234-1234-1234-123456789abc"]'),
    ("canonical", "", r'["urn:uuid:12345678-1234-1234-1234-123456789abc#a"]'),
    ("canonical", "", r'["urn:uuid:12345678-1234-1234-1234-123456789abc|1", "#a", "#", "http://a\u00a0b"]'),
    ("canonical", "", r'["http://ä.org", "mailto:a@b", "a:b", "http://a|1", "http://a.org/<x>", "urn:UUID:123"]'),
    ("canonical", "", r'["http://hl7.org/fhir/foo", "urn:oid:1.2.840.1|3", "http://a/|1", "https://", "http://"]'),
    ("canonical", "", r'["http://|1", "ftp://x", "a_b[1]:x", "urn:x", "urn:iso:std", "cid:x", "#x|1", "http:///"]'),
    ("canonical", "", r'["https:|"]'),
    ("canonical", "fhir-canonical", r'["a", "Patient/1", "HTTP://a", "http:", "A:b", "1:b", "1.2.3"]'),
    ("canonical", "fhir-canonical", r'["12345678-1234-1234-1234-123456789abc", "URN:oid:1", "a-b:x", "file:", "|1"]'),
    ("canonical", "fhir-uri fhir-canonical", r'["a b", " http://a", "http://a ", "http://a b", "\u00a0http://a"]'),
    ("canonical", "fhir-uri-oid", r'["oid:1.2"]'),
    ("canonical", "fhir-uri-uuid", r'["uuid:1"]'),
    ("canonical", "fhir-oid", r'["urn:oid:1.2.3", "urn:oid:3.2.840.1", "urn:oid:01.2.3.4.5", "urn:oid:1.2.840.01"]'),
    ("canonical", "fhir-oid", r'["urn:oid:", "urn:oid:2.16"]'),
    ("canonical", "fhir-uuid", r'["urn:uuid:12345678-1234-1234-1234-123456789ABC", "urn:uuid:123", "urn:uuid:"]'),
    ("canonical", "fhir-empty", r'[""]'),
    ("canonical", "~fhir-blank", r'[" "]'),
    ("canonical", "fhir-type fhir-canonical", r"[5]"),
    ("canonical", "~fhir-control-character", r'["http://a\u0001"]'),
    ("canonical", "fhir-uri", r'["http://a\t", "http://a\nb"]'),
    ("canonical", "~fhir-direction", r'["http://a\u202e"]'),
    ("oid", "fhir-oid", r'["http://a.org/x", "a", "a b", " http://a", "http://a ", "http://a b", "oid:1.2"]'),
    ("oid", "fhir-oid", r'["uuid:1", "urn:oid:1.2.3", "urn:oid:3.2.840.1", "urn:oid:01.2.3.4.5"]'),
    ("oid", "fhir-oid", r'["urn:oid:1.2.840.01", "urn:oid:2.16.840.", "urn:oid:", "urn:oid:2.16"]'),
    ("oid", "fhir-oid", r'["urn:uuid:12345678-1234-1234-1234-123456789abc"]'),
    ("oid", "fhir-oid", r'["urn:uuid:12345678-1234-1234-1234-123456789ABC", "urn:uuid:123"]'),
    ("oid", "fhir-oid", r'["urn:uuid:12345678-1234-1234-1234-123456789abc#a"]'),
    ("oid", "fhir-oid", r'["urn:uuid:12345678-1234-1234-1234-123456789abc|1", "urn:uuid:", "#a", "#", "http://a\t"]'),
    ("oid", "fhir-oid", r'["http://a\u00a0b", "\u00a0http://a", "http://ä.org", "Patient/1", "mailto:a@b"]'),
    ("oid", "fhir-oid", r'["HTTP://a", "http:", "a:b", "A:b", "1:b", "http://a|1", "1.2.3"]'),
    ("oid", "fhir-oid", r'["12345678-1234-1234-1234-123456789abc", "http://a\nb", "http://a.org/<x>"]'),
    ("oid", "fhir-oid", r'["urn:UUID:123", "URN:oid:1", "http://hl7.org/fhir/foo", "urn:oid:1.2.840.1|3"]'),
    ("oid", "", r'["urn:oid:1.2.840.1", "urn:oid:1.3.4", "urn:oid:2.16.1", "urn:oid:2.999.1", "urn:oid:1.2.3.4"]'),
    ("oid", "", r'["urn:oid:2.16.840.1.113883", "urn:oid:1.3"]'),
    ("oid", "fhir-empty", r'[""]'),
    ("oid", "~fhir-blank", r'[" "]'),
    ("oid", "fhir-type fhir-oid", r"[5]"),
    ("oid", "~fhir-control-character fhir-oid", r'["http://a\u0001"]'),
    ("oid", "~fhir-direction fhir-oid", r'["http://a\u202e"]'),
    ("uuid", "fhir-uuid", r'["http://a.org/x", "a", "a b", " http://a", "http://a ", "http://a b", "oid:1.2"]'),
    ("uuid", "fhir-uuid", r'["uuid:1", "urn:oid:1.2.3", "urn:oid:1.2.840.1", "urn:oid:3.2.840.1", "urn:oid:1.3.4"]'),
    ("uuid", "fhir-uuid", r'["urn:oid:01.2.3.4.5", "urn:oid:1.2.840.01", "urn:oid:2.16.840.", "urn:oid:"]'),
    ("uuid", "fhir-uuid", r'["urn:oid:2.16", "urn:oid:2.16.1", "urn:oid:2.999.1"]'),
    ("uuid", "fhir-uuid", r'["urn:uuid:12345678-1234-1234-1234-123456789ABC", "urn:uuid:123"]'),
    ("uuid", "fhir-uuid", r'["urn:uuid:12345678-1234-1234-1234-123456789abc#a"]'),
    ("uuid", "fhir-uuid", r'["urn:uuid:12345678-1234-1234-1234-123456789abc|1", "urn:uuid:", "#a", "#"]'),
    ("uuid", "fhir-uuid", r'["http://a\t", "http://a\u00a0b", "\u00a0http://a", "http://ä.org", "Patient/1"]'),
    ("uuid", "fhir-uuid", r'["mailto:a@b", "HTTP://a", "http:", "a:b", "A:b", "1:b", "http://a|1", "1.2.3"]'),
    ("uuid", "fhir-uuid", r'["12345678-1234-1234-1234-123456789abc", "http://a\nb", "http://a.org/<x>"]'),
    ("uuid", "fhir-uuid", r'["urn:UUID:123", "URN:oid:1", "http://hl7.org/fhir/foo", "urn:oid:1.2.840.1|3"]'),
    ("uuid", "", r'["urn:uuid:12345678-1234-1234-1234-123456789abc"]'),
    ("uuid", "fhir-empty", r'[""]'),
    ("uuid", "~fhir-blank", r'[" "]'),
    ("uuid", "fhir-type fhir-uuid", r"[5]"),
    ("uuid", "~fhir-control-character fhir-uuid", r'["http://a\u0001"]'),
    ("uuid", "~fhir-direction fhir-uuid", r'["http://a\u202e"]'),
    ("base64Binary", "", r'["YQ==", "YWJj"]'),
    ("base64Binary", "fhir-base64", r'["YQ", "YQ=", "YW%j", "YWJ", "a===="]'),
    ("base64Binary", "~fhir-base64-blanks", r'["Y Q==", "YQ==\n", "YWJj\nYWJj", " YQ==", "YWJj\tYWJj"]'),
    ("base64Binary", "~fhir-base64-blanks", r'["\u00a0YWJj", "YWJj\u2007"]'),
    ("base64Binary", "~fhir-base64-alphabet", r'["!!!!", "====", "YWJjYQ==YWJj", "-_-_", "YWJ*j", "*", "YQ=A"]'),
    ("base64Binary", "~fhir-base64-alphabet", r'["äöüß", "YQ===AAA", "ä=aa", "=YQ=", "*YWJj", "YW*Jj"]'),
    ("base64Binary", "fhir-empty", r'[""]'),
    ("base64Binary", "~fhir-blank", r'[" ", "\u2028"]'),
    ("base64Binary", "fhir-type fhir-base64", r"[5]"),
)

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.decimals(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(), inside, max_size=3),
    max_leaves=5,
)


def told(type_name: str, value: Any) -> str:
    report = Report()
    PRIMITIVES[type_name](value, root(type_name), report)
    return " ".join(f"{'' if fault.severity == 'error' else '~'}{fault.rule}" for fault in report.faults)


@pytest.mark.parametrize(("type_name", "rules", "values"), TABLE)
def test_each_value_gets_the_verdict_of_the_validator(type_name: str, rules: str, values: str) -> None:
    found = {
        json.dumps(value, default=str): told(type_name, value) for value in loads(b'{"v":%b}' % values.encode())["v"]
    }

    assert found == dict.fromkeys(found, rules)


def test_every_type_is_in_the_table_but_xhtml() -> None:
    assert {type_name for type_name, _, _ in TABLE} | {"xhtml"} == set(PRIMITIVES)


def test_a_string_may_have_a_million_characters_and_no_more() -> None:
    assert told("string", "x" * 1048576) == ""
    assert told("string", "x" * 1048577) == "fhir-string-length"
    assert told("string", "\U0001f600" * 524289) == "fhir-string-length"
    assert told("markdown", "x" * 1048577) == ""


def test_a_large_attachment_is_checked_without_being_matched() -> None:
    assert told("base64Binary", "YWJj" * 1_000_000) == ""
    assert told("base64Binary", "YWJj" * 1_000_000 + "Y") == "fhir-base64"


def test_an_id_has_at_most_64_characters() -> None:
    assert told("id", "a" * 64) == ""
    assert told("id", "a" * 65) == "fhir-id"


@pytest.mark.parametrize(
    ("value", "rules"),
    [
        ("a-1.B", []),
        ("a_b", ["fhir-id"]),
        ("a" * 65, ["fhir-id"]),
        ("a ", ["fhir-string-blanks", "fhir-id"]),
        (5, ["fhir-type"]),
        ("", ["fhir-id"]),
    ],
)
def test_the_id_of_a_resource(value: Any, rules: list[str]) -> None:
    report = Report()

    check_resource_id(value, root("Patient"), report)

    assert [fault.rule for fault in report.faults] == rules
    assert any(fault.severity == "error" for fault in report.faults) == bool(rules)


@pytest.mark.parametrize(("url", "fits"), [("http://a.org/Q", True), ("urn:uuid:1", True), ("Q", False), ("#Q", False)])
def test_a_definition_is_known_by_an_absolute_url(url: str, fits: bool) -> None:
    report = Report()

    check_defining_url(url, root("Questionnaire"), report)

    assert (not report.faults) is fits


@given(type_name=st.sampled_from(sorted(PRIMITIVES)), value=JSON_VALUES)
def test_no_value_makes_a_check_fail(type_name: str, value: Any) -> None:
    told(type_name, value)


@given(value=st.text(min_size=4))
def test_what_is_told_never_repeats_the_value(value: str) -> None:
    report = Report()
    for type_name in ("date", "code", "id", "uri", "base64Binary"):
        PRIMITIVES[type_name](f"§{value}§", root(type_name), report)

    assert all(f"§{value}§" not in fault.found + fault.mend for fault in report.faults)


def test_a_rule_of_our_own_is_no_error() -> None:
    rules = [each for each in vars(primitive_rules).values() if isinstance(each, Rule)]

    assert rules
    assert all(each.severity == "warning" for each in rules if not each.source)
