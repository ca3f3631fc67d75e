#!/usr/bin/env python3
"""A target of the `exec` handler that behaves as its first argument says. The second is a folder for its notes: each
request as it came (requests), the values that it would accept now (valid), and what it saw of its own process (seen)."""
import json
import os
import subprocess
import sys

mode, folder = sys.argv[1], sys.argv[2]


def answer(document, status=0):
    print(json.dumps(document), flush=True)
    sys.exit(status)


def note(name, text):
    with open(os.path.join(folder, name), "a") as file:
        file.write(text + "\n")


def main():
    if mode == "deaf":
        answer({"ok": False, "code": "limit"})
    request = json.load(sys.stdin)
    operation = request["operation"]
    value = request["value"]["token"] if isinstance(request["value"], dict) else request["value"]
    previous = request["previous"]
    if isinstance(previous, dict):
        previous = previous["token"]
    note("operations", operation)
    note("seen", json.dumps({"argv": sys.argv[1:], "env": dict(os.environ), "cwd": os.getcwd(),
                             "fds": sorted(os.listdir("/proc/self/fd")), "group": os.getpgrp() == os.getpid()}))
    if mode == "hang":
        child = subprocess.Popen(["sleep", "1000"])
        note("children", str(child.pid))
        child.wait()
    if mode == "flood":
        while True:
            sys.stdout.write("x" * 65536)
    if mode == "echo":
        print(value, file=sys.stderr)
        answer({"ok": False, "code": value, "message": value})
    if mode == "garbage":
        print(value)
        sys.exit(0)
    if mode == "silent":
        sys.exit(0)
    if mode == "liar":
        answer({"ok": True}, status=3)
    if mode == "busy":
        answer({"ok": False, "retry": True, "code": "unreachable"})
    if mode == "leaves-child":
        child = subprocess.Popen(["sleep", "1000"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        note("children", str(child.pid))
    path = os.path.join(folder, "valid")
    valid = open(path).read().split() if os.path.exists(path) else []
    if operation == "handOver":
        valid = [one for one in valid if one != value] + [value]
    elif operation == "verify" and (mode == "rejects" or value not in valid):
        answer({"ok": False, "code": "login-refused"})
    elif operation == "rollBack":
        valid = [one for one in valid if one != value]
    elif operation == "retire":
        valid = [one for one in valid if one != previous and one == value]
    with open(path, "w") as file:
        file.write("\n".join(valid))
    answer({"ok": True})


main()
