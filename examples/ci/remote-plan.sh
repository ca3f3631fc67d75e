#!/bin/sh
# Has a running controller plan a change, and writes the plan as Markdown. Needs no key.
# usage: remote-plan.sh FILE
#
# RESEAL_SERVER is the controller's address, RESEAL_PLAN_TOKEN the token of the source, RESEAL_REF what is planned, as the
# remote names it (refs/pull/7/head). RESEAL_SOURCE names the source, unless it is `default`.
set -eu

token=$(mktemp)
trap 'rm -f "$token"' EXIT
printf '%s\n' "${RESEAL_PLAN_TOKEN:?}" >"$token"

status=0
reseal plan --server "${RESEAL_SERVER:?}" --source "${RESEAL_SOURCE:-default}" --ref "${RESEAL_REF:?}" \
    --token-file "$token" --markdown >"$1.new" || status=$?
# A guard (3) refuses the plan and shows it all the same. Where there is no plan at all, there is no file.
case $status in
0 | 3)
    mv "$1.new" "$1"
    # GitHub shows it with the job, also where nobody may comment.
    [ -z "${GITHUB_STEP_SUMMARY:-}" ] || cat "$1" >>"$GITHUB_STEP_SUMMARY"
    ;;
*) rm -f "$1.new" ;;
esac
exit "$status"
