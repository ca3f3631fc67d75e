#!/bin/sh
# Writes the plan of a change as Markdown. Needs no key: sealed values are named and not opened.
# usage: plan.sh FILE
#
# RESEAL_BASE names the commit that the change starts from.
set -eu

status=0
reseal plan --repo . --base "${RESEAL_BASE:?names the commit to compare with}" --ref HEAD --markdown >"$1.new" || status=$?
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
