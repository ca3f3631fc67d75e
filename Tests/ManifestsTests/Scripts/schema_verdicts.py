"""Reads {"schema": …, "documents": [text, …]} and prints a verdict for each document by the JSON Schema.

The schema itself is checked first. Plain scalars get the meaning that the core schema of YAML 1.2 gives them; PyYAML by
itself follows YAML 1.1, where `no` is false and `2031-01-31` a date.
"""

import json
import re
import sys

import jsonschema
import yaml


class CoreLoader(yaml.SafeLoader):
    yaml_implicit_resolvers = {}


def resolve(tag, pattern, starts):
    CoreLoader.add_implicit_resolver("tag:yaml.org,2002:" + tag, re.compile(pattern + r"\Z"), starts)


resolve("null", r"(?:~|null|Null|NULL|)", ["~", "n", "N", ""])
resolve("bool", r"(?:true|True|TRUE|false|False|FALSE)", list("tTfF"))
resolve("int", r"[-+]?(?:0|[1-9][0-9]*)", list("-+0123456789"))
resolve("float", r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)\.[0-9]*)(?:[eE][-+]?[0-9]+)?", list("-+.0123456789"))
CoreLoader.add_constructor(
    "tag:yaml.org,2002:bool", lambda loader, node: loader.construct_scalar(node).lower() == "true"
)

request = json.load(sys.stdin)
kind = jsonschema.validators.validator_for(request["schema"], default=None)
kind.check_schema(request["schema"])
validator = kind(request["schema"])
verdicts = [validator.is_valid(yaml.load(text, CoreLoader)) for text in request["documents"]]
print(json.dumps({"draft": kind.META_SCHEMA["$id"], "verdicts": verdicts}))
