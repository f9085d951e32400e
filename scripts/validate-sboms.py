#!/usr/bin/env python3
"""Validates bills of materials: CycloneDX (*.cdx.json) against the official schema of its version, SPDX (*.spdx.json) against the
official schema and the rules of the specification. Needs what scripts/setup-validators installs. Prints what is wrong; exit 1 then."""

import json
import os
import sys

import jsonschema
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from spdx_tools.spdx.parser.parse_anything import parse_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document


def cyclonedx(path):
    with open(path) as f:
        error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(f.read())
    return [str(error)[:500]] if error else []


def spdx(path):
    schema = os.path.join(sys.prefix, "spdx-schema-2.3.json")
    with open(schema) as s, open(path) as f:
        errors = jsonschema.Draft7Validator(json.load(s)).iter_errors(json.load(f))
        found = [f"{e.message[:300]} at {list(e.path)}" for e in errors]
    return found or [m.validation_message for m in validate_full_spdx_document(parse_file(path))]


wrong = 0
for name in sys.argv[1:]:
    for problem in cyclonedx(name) if name.endswith(".cdx.json") else spdx(name):
        print(f"{name}: {problem}")
        wrong = 1
sys.exit(wrong)
