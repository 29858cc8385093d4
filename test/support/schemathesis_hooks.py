"""What OpenAPI has no words for: presets and filters are those there are, the bytes of a file are a photo, the file is the last part of its form, a page has one bound, a digest is that of the body, a key is in quotes or not, a run is of owners or of ids, from before to, and dry or with a canary."""

import base64
import os
import re

import schemathesis
from hypothesis import strategies as st

PHOTO = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)

CUBE = "LUT_3D_SIZE 2\n" + "\n".join(f"{n & 1} {n >> 1 & 1} {n >> 2}" for n in range(8)) + "\n"

FIELDS = {"filter", "strength", "visibility", "focus", "alt"}

KEY = re.compile("[!#-~][ -~]{0,254}")

FILTER = re.compile("[a-z0-9]+(-[a-z0-9]+)*")

PRESET = re.compile("[a-z][a-z0-9]*(-[a-z0-9]+)*")

schemathesis.openapi.format("binary", st.just(PHOTO))


@schemathesis.hook
def filter_body(context, body):
    """A list of nothing makes no part, so a form can't say it."""
    return not (isinstance(body, dict) and [] in body.values())


@schemathesis.hook
def filter_case(context, case):
    """A page has one bound at most; fields stand in the form or in the query, a strength with its filter; a digest is that of the body, and what is announced is not too large."""
    query, headers = case.query or {}, case.headers or {}
    fields = FIELDS & set(query)
    announced = case.body.get("bytes", 0) if isinstance(case.body, dict) else 0
    select = case.body.get("select") if isinstance(case.body, dict) else None
    select = select if isinstance(select, dict) else {}
    return (
        not ({"owners", "ids"} <= set(select) or {"from", "to"} <= set(select))
        and not (isinstance(case.body, dict) and {"dryRun", "canary"} <= set(case.body))
        and len({"before", "after", "around"} & set(query)) <= 1
        and not (fields and isinstance(case.body, dict))
        and not ("strength" in fields and "filter" not in fields)
        and "content-digest" not in headers
        and not (isinstance(announced, (int, float)) and announced > 1_000_000)
        and KEY.fullmatch(headers.get("idempotency-key", "key")) is not None
    )


@schemathesis.hook
def before_call(context, case, kwargs):
    """Of an upload an id is one that was given, and what follows a run follows one there is: others are all unknown."""
    id = (case.path_parameters or {}).get("id")
    if case.operation.path.endswith("/complete") and isinstance(id, str) and re.fullmatch("[1-9][0-9]*", id):
        case.path_parameters["id"] = os.environ["DIRECT_UPLOAD"]
    if case.operation.label == "PUT /v1/photos/{id}" and isinstance(id, str) and re.fullmatch("[1-9][0-9]*", id):
        case.path_parameters["id"] = os.environ["RESERVED_ID"]
    run = (case.path_parameters or {}).get("run")
    if case.operation.path.startswith("/v1/runs/{run}/") and re.fullmatch("[1-9][0-9]*", str(run)):
        case.path_parameters["run"] = os.environ["RUN"]
    if isinstance(case.body, dict) and "file" in case.body:
        case.body["file"] = case.body.pop("file")
    if case.operation.path.startswith("/v1/runs"):
        # Of two that have one key and ask for different things the second is refused.
        (case.headers or {}).pop("idempotency-key", None)
    if case.operation.path == "/v1/filters/{name}" and isinstance(case.body, (str, bytes)):
        case.body = CUBE
    is_form = isinstance(case.body, dict) and "file" in case.body
    if is_form and {"filter", "strength"} <= set(case.query or {}) and str(case.query["strength"]) in ("0", "1"):
        # Fields stand in the form or in the query.
        case.query = {name: value for name, value in case.query.items() if name not in FIELDS}
    for fields in () if is_form else (case.query, case.body):
        name = fields.get("filter") if isinstance(fields, dict) else None
        if isinstance(name, str) and len(name) <= 64 and FILTER.fullmatch(name):
            fields["filter"] = "mono"
    presets = (case.query or {}).get("presets")
    names = presets.split(",") if isinstance(presets, str) else presets
    if isinstance(names, list) and names and all(isinstance(name, str) and PRESET.fullmatch(name) for name in names):
        case.query["presets"] = "feed"
