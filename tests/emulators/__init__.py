"""Outside services as they speak on the wire, on loopback, with faults on demand.

Each module gives `routes(faults, settings)` for one vendor; `house.serving` puts an application on a free port, and
`python -m tests.emulators` serves them all for a person to try the product against.
"""
