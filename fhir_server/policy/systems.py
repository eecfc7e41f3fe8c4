"""The code systems and roles in which the policy reads a request, by their canonical addresses."""

from __future__ import annotations

CPT = "http://www.ama-assn.org/go/cpt"
HCPCS = "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets"

# CPT is HCPCS level I, and senders file each under the other's address (PAS trap T-27): all of these are one system.
# The two forms of CMS's address differ in the scheme; CMS's Blue Button guide has its own; the OIDs are those of HL7's
# registry (HCPCS also in US Core 3.1.1, value set us-core-procedure-code).
PROCEDURE_SYSTEMS = frozenset(
    {
        CPT,
        HCPCS,
        "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets",
        "https://bluebutton.cms.gov/resources/codesystem/hcpcs",
        "urn:oid:2.16.840.1.113883.6.12",
        "urn:oid:2.16.840.1.113883.6.285",
    }
)

NDC = "http://hl7.org/fhir/sid/ndc"
SERVICE_TYPE = "https://codesystem.x12.org/005010/1365"
REVENUE = "https://www.nubc.org/CodeSystem/RevenueCodes"

# Systems of other procedures, products and kinds of service: a line with such a code alone is on no list of services.
# ICD-10-PCS has CMS's address in HL7 Terminology and an older one of HL7; ICD-9-CM holds its procedures in volume 3.
OTHER_SERVICE_SYSTEMS = frozenset(
    {
        NDC,
        SERVICE_TYPE,
        REVENUE,
        "http://www.cms.gov/Medicare/Coding/ICD10",
        "http://hl7.org/fhir/sid/icd-10-pcs",
        "http://hl7.org/fhir/sid/icd-9-cm",
        "urn:oid:2.16.840.1.113883.6.104",
    }
)

ICD_10_CM = "http://hl7.org/fhir/sid/icd-10-cm"
PLACE_OF_SERVICE = "https://www.cms.gov/Medicare/Coding/place-of-service-codes/Place_of_Service_Code_Set"
BILL_TYPE = "https://www.nubc.org/CodeSystem/TypeOfBill"
SOURCE_OF_PAYMENT = "https://nahdo.org/sopt"
ENTITY_ROLE = "https://codesystem.x12.org/005010/98"
CERTIFICATION_TYPE = "https://codesystem.x12.org/005010/1322"
LEVEL_OF_SERVICE = "https://codesystem.x12.org/005010/1338"
PRIORITY = "http://terminology.hl7.org/CodeSystem/processpriority"
CCN = "http://terminology.hl7.org/NamingSystem/CCN"
MEDICARE_PROVIDER_NUMBER = ("http://terminology.hl7.org/CodeSystem/v2-0203", "MCR")
