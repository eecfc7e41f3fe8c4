"""For operators: is it alive, can it work, what has it done; and one log line for each request."""

from __future__ import annotations

import os
import re
import time
import uuid

import structlog
from flask import Blueprint, Flask, Response, g, jsonify, request
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
    multiprocess,
)

from fhir_server.errors import Refusal, StoreMismatch, Unavailable
from fhir_server.store.database import Database
from fhir_server.web.figures import decision_figures

log = structlog.get_logger()

REQUESTS = Counter("wiser_pas_requests", "Requests answered.", ("route", "method", "status"))
SECONDS = Histogram(
    "wiser_pas_request_seconds",
    "Seconds from the first byte read to the answer made.",
    ("route",),
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15),
)
FIGURES_LOST = (OSError, ValueError)  # their folder is full or gone, or a process died while it wrote there
# Only what machines make: a UUID, or 16 to 64 hex digits. Anything else might name a person, and ids are logged.
_REQUEST_ID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}|[0-9A-Fa-f]{16,64}")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_QUIET = frozenset({"/healthz", "/readyz", "/metrics"})


def operation_blueprint(database: Database) -> Blueprint:
    """Return `/healthz`, `/readyz` and `/metrics`."""
    blueprint = Blueprint("operation", __name__)
    decisions = CollectorRegistry()
    decisions.register(decision_figures(database))

    @blueprint.get("/healthz")
    def health() -> Response:
        return jsonify(status="ok")

    @blueprint.get("/readyz")
    def readiness() -> tuple[Response, int]:
        try:
            database.check()
        except (Refusal, StoreMismatch) as error:
            return jsonify(status="not ready", store=type(error).__name__), 503
        return jsonify(status="ready"), 200

    @blueprint.get("/metrics")
    def metrics() -> Response:
        try:
            figures = generate_latest(_registry()) + generate_latest(decisions)
            return Response(figures, content_type=CONTENT_TYPE_LATEST)
        except FIGURES_LOST as error:
            raise Unavailable.because("The figures cannot be read.", "Ask again later.") from error

    return blueprint


def _registry() -> CollectorRegistry:
    """Return the figures of all server processes where they share a folder, else of this one."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return REGISTRY
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return registry


def _count(route: str, method: str, status: int, seconds: float) -> None:
    """Add to the figures; a request that was answered stays answered when they cannot be kept."""
    try:
        REQUESTS.labels(route, method, status).inc()
        SECONDS.labels(route).observe(seconds)
    except FIGURES_LOST as error:
        log.warning("figures are not kept", kind=type(error).__name__)


def register_observation(app: Flask) -> None:
    """Give each request an id, count and time it, and write its one log line, which holds no content."""

    @app.before_request
    def begin() -> None:
        g.started = time.perf_counter()
        sent = request.headers.get("X-Request-Id", "")
        g.request_id = sent if _REQUEST_ID.fullmatch(sent) else uuid.uuid4().hex
        structlog.contextvars.clear_contextvars()

    @app.after_request
    def end(response: Response) -> Response:
        route = request.url_rule.rule if request.url_rule else "unknown"
        method = request.method if request.method in _METHODS else "other"
        seconds = time.perf_counter() - g.started
        response.headers["X-Request-Id"] = g.request_id
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Cache-Control"] = "no-store"
        _count(route, method, response.status_code, seconds)
        if route not in _QUIET:
            log.info(
                "request",
                id=g.request_id,
                method=method,
                route=route,
                status=response.status_code,
                milliseconds=round(seconds * 1000, 1),
            )
        return response
