"""Prints the commands of a CI configuration as JSON: [job, environment, command] in their order.

usage: ci_steps.py github|gitlab FILE
"""
import json
import re
import sys

import yaml

kind, path = sys.argv[1:]
with open(path) as file:
    # YAML 1.1 takes the key `on` for a truth value.
    document = yaml.load(file.read().replace("\non:", "\n'on':"), yaml.SafeLoader)
steps = []
if kind == "github":
    assert document["permissions"] == {}, "a job may do what it names, and nothing else"
    assert set(document["on"]) == {"pull_request", "push"}, "pull_request_target would give forks our rights"
    for name, job in document["jobs"].items():
        assert job["permissions"]["contents"] == "read"
        for step in job["steps"]:
            if "uses" in step:
                assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", step["uses"]), "an action is pinned by its commit"
            if "run" in step:
                steps.append([name, sorted(job.get("env", {}) | step.get("env", {})), step["run"]])
else:
    reserved = {"workflow", "default", "variables", "stages"}
    for name, job in document.items():
        if name not in reserved:
            steps += [[name, sorted(document["variables"]), command] for command in job["script"]]
print(json.dumps(steps))
