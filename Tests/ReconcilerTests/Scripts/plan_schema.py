"""Reads {"schema": …, "documents": […]} and prints what each document breaks of the JSON Schema.

Here the schema allows no property that it does not name, so that none goes without a description.
"""

import json
import sys

import jsonschema


def close(part):
    if isinstance(part, dict):
        if "properties" in part and "additionalProperties" not in part:
            part["additionalProperties"] = False
        for value in part.values():
            close(value)
    elif isinstance(part, list):
        for value in part:
            close(value)


request = json.load(sys.stdin)
schema = request["schema"]
kind = jsonschema.validators.validator_for(schema, default=None)
kind.check_schema(schema)
close(schema)
validator = kind(schema)
print(
    json.dumps(
        [
            [f"{'/'.join(map(str, error.absolute_path))}: {error.message}" for error in validator.iter_errors(document)]
            for document in request["documents"]
        ]
    )
)
