"""What is told where a narrative is wrong, with the messages of the HL7 validator 6.10.4 that say the same."""

from __future__ import annotations

from fhir_server.fhir.validation.html import NAMESPACE
from fhir_server.fhir.validation.rules import Rule

NOT_TEXT = Rule(
    "fhir-type",
    "ERROR_PARSING_JSON_THE_PRIMITIVE_VALUE_MUST_BE_A_STRING",
    "{} stands where the text of a narrative is expected.",
    "Send it in quotes.",
)
NOT_READ = Rule(
    "narrative-form",
    "ERROR_PARSING_XHTML_",
    "The narrative cannot be read: {}.",
    "Send well-formed XHTML with div as its root.",
)
NOT_XML = Rule(
    "narrative-xml",
    "",
    "The narrative is not well-formed XML, so it cannot be sent as FHIR XML.",
    "Close each element, quote each attribute, and send nothing behind the div.",
    "warning",
)
CHARACTER = Rule(
    "narrative-character",
    "XHTML_XHTML_Entity_Illegal",
    "The narrative names a character that XML does not know.",
    "Write its number, as in &#160;.",
)
ROOT_NAMESPACE = Rule(
    "narrative-namespace",
    "XHTML_XHTML_NS_InValid",
    "The narrative is not in the namespace of XHTML.",
    f'Write <div xmlns="{NAMESPACE}">.',
)
ROOT_NAME = Rule("narrative-root", "XHTML_XHTML_Name_Invalid", "The narrative is no div.", "Put a div around it.")
DOCUMENT_TYPE = Rule(
    "narrative-doctype", "XHTML_XHTML_DOCTYPE_ILLEGAL", "The narrative holds a DOCTYPE.", "Leave it out."
)
ELEMENT = Rule(
    "narrative-element",
    "XHTML_XHTML_Element_Illegal",
    "An element stands in the narrative that FHIR does not allow there.",
    "Use the elements of HTML 4 for text, lists, tables, links and images; no scripts, forms or frames.",
)
ATTRIBUTE = Rule(
    "narrative-attribute",
    "XHTML_XHTML_Attribute_Illegal",
    "An attribute stands in the narrative that FHIR does not allow there.",
    "Leave it out; style and class are allowed, events are not.",
)
IN_PARAGRAPH = Rule(
    "narrative-structure",
    "XHTML_XHTML_ELEMENT_ILLEGAL_IN_PARA",
    "A block stands in a paragraph.",
    "Close the p before it.",
)
BLOCK = Rule(
    "narrative-structure",
    "XHTML_XHTML_BLOCK_IN_PARA",
    "A block stands in an element for running text.",
    "Close that element before it.",
)
RECURSION = Rule(
    "narrative-structure",
    "XHTML_XHTML_NO_RECURSION",
    "An element for running text stands in one of the same name.",
    "Leave one of them out.",
)
CHILDREN = Rule(
    "narrative-structure",
    "XHTML_XHTML_NO_CHILDREN",
    "An element that must be empty (br, hr, img, area) is not.",
    "Close it at once.",
)
CHILD = Rule(
    "narrative-structure",
    "XHTML_XHTML_ILLEGAL_CHILDREN",
    "A list, a table or a part of one holds what must not stand in it.",
    "Put text into li, td, th, dt or dd.",
)
PARENT = Rule(
    "narrative-structure",
    "XHTML_XHTML_OUT_OF_PLACE",
    "A part of a list or a table does not stand in one.",
    "Put the list or table around it.",
)
URL = Rule(
    "narrative-url", "XHTML_URL_INVALID", "The address of a link or an image is none.", "Send a whole address, or none."
)
SCRIPT = Rule(
    "narrative-script",
    "TYPE_SPECIFIC_CHECKS_DT_XHTML_ACTIVE_HREF",
    "A link of the narrative runs a script.",
    "Leave the link out.",
)
UNLINKABLE = Rule(
    "narrative-url",
    "TYPE_SPECIFIC_CHECKS_DT_XHTML_LITERAL_HREF",
    "A link of the narrative leads to a name (urn: or cid:), which nobody can open.",
    "Link to an address, or show the name as text.",
)
TOO_LONG = Rule(
    "narrative-length",
    "",
    "The narrative is longer than 1,048,576 characters and was not looked at.",
    "Shorten it.",
    "warning",
)
LANGUAGES = Rule(
    "narrative-language",
    "XHTML_XHTML_MIXED_LANG",
    "Beside the parts of the narrative that name their language stands text that does not.",
    "Put it into a div with xml:lang.",
    "warning",
)
BLANK = Rule(
    "fhir-blank", "Type_Specific_Checks_DT_Primitive_WS", "The narrative is blank.", "Leave text out.", "warning"
)
CONTROL = Rule(
    "fhir-control-character",
    "UNICODE_XML_BAD_CHARS",
    "The narrative holds a control character, which XML cannot carry.",
    "Take it out.",
    "warning",
)
DIRECTION = Rule(
    "fhir-direction",
    "UNICODE_BIDI_CONTROLS_CHARS_MATCH",
    "The narrative turns the direction of writing and does not turn it back.",
    "Take out the invisible character, or close it.",
    "warning",
)
