"""Checks a report on standard input. usage: report_schemas.py sarif|gitlab

The parts of SARIF 2.1.0 (OASIS) and of GitLab's code quality report that reseal writes, and nothing besides: what is not
listed here is refused, as the schema of SARIF refuses unknown properties.
"""
import json
import sys

import jsonschema


def closed(required, **properties):
    return {"type": "object", "required": required, "additionalProperties": False, "properties": properties}


text = {"type": "string", "minLength": 1}
message = closed(["text"], text=text)
level = {"enum": ["none", "note", "warning", "error"]}
positive = {"type": "integer", "minimum": 1}

rule = closed(
    ["id"],
    id=text,
    shortDescription=message,
    help=message,
    defaultConfiguration=closed([], level=level),
    properties={
        "type": "object",
        "properties": {
            "tags": {"type": "array", "uniqueItems": True, "items": text},
            "security-severity": {"type": "string", "pattern": r"^(10|[0-9])\.[0-9]$"},
        },
    },
)
location = closed(
    ["physicalLocation"],
    physicalLocation=closed(
        ["artifactLocation", "region"],
        artifactLocation=closed(
            ["uri"], uri={"type": "string", "pattern": "^[A-Za-z0-9._~/%-]+$"}, uriBaseId=text
        ),
        region=closed(["startLine"], startLine=positive, startColumn=positive),
    ),
)
result = closed(
    ["message", "ruleId", "locations"],
    ruleId=text,
    ruleIndex={"type": "integer", "minimum": 0},
    level=level,
    message=message,
    locations={"type": "array", "minItems": 1, "items": location},
    partialFingerprints={"type": "object", "additionalProperties": text},
)
sarif = closed(
    ["version", "runs"],
    **{
        "$schema": {"type": "string", "format": "uri"},
        "version": {"const": "2.1.0"},
        "runs": {
            "type": "array",
            "items": closed(
                ["tool"],
                tool=closed(
                    ["driver"],
                    driver=closed(
                        ["name"],
                        name=text,
                        semanticVersion=text,
                        rules={"type": "array", "uniqueItems": True, "items": rule},
                    ),
                ),
                columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                results={"type": "array", "items": result},
            ),
        },
    },
)
gitlab = {
    "type": "array",
    "items": closed(
        ["description", "check_name", "fingerprint", "severity", "location"],
        description=text,
        check_name=text,
        fingerprint=text,
        severity={"enum": ["info", "minor", "major", "critical", "blocker"]},
        location=closed(["path", "lines"], path=text, lines=closed(["begin"], begin=positive)),
    ),
}

document = json.load(sys.stdin)
jsonschema.Draft7Validator({"sarif": sarif, "gitlab": gitlab}[sys.argv[1]]).validate(document)
if sys.argv[1] == "sarif":
    for run in document["runs"]:
        rules = run["tool"]["driver"]["rules"]
        assert all(rules[r["ruleIndex"]]["id"] == r["ruleId"] for r in run["results"])
else:
    prints = [issue["fingerprint"] for issue in document]
    assert len(set(prints)) == len(prints)
