#!/bin/sh
# Waits until a running controller has applied a commit. Fails when it cannot be applied.
# usage: wait.sh COMMIT [TIME]
#
# RESEAL_SERVER is the controller's address, RESEAL_PLAN_TOKEN the token of the source. RESEAL_SOURCE names the source,
# unless it is `default`.
set -eu

token=$(mktemp)
trap 'rm -f "$token"' EXIT
printf '%s\n' "${RESEAL_PLAN_TOKEN:?}" >"$token"
reseal wait --server "${RESEAL_SERVER:?}" --source "${RESEAL_SOURCE:-default}" --commit "$1" --timeout "${2:-10m}" \
    --token-file "$token"
