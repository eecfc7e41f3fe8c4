"""Coverage policy as data, and the engine that holds a request against it.

`fhir_server.policy.pack` reads packs, `fhir_server.policy.facts` reads a request, `fhir_server.policy.engine` decides.
"""
