#!/bin/sh
# Looks for secrets in plain text and for neglected ones, and writes a report for the forge.
# usage: lint.sh FORMAT FILE [FORMAT-OF-THE-LOG]
#
# RESEAL_BASE, if it is set, names the commit of the target branch: its rules count, not those of the change.
set -eu

format=$1 file=$2 log=${3:-text}

status=0
reseal lint --ref HEAD ${RESEAL_BASE:+--config-from "$RESEAL_BASE"} --format "$format" >"$file" || status=$?
# 1 means findings, of which the log tells; with anything else there is no report.
[ "$status" -le 1 ] || exit "$status"
reseal lint --ref HEAD ${RESEAL_BASE:+--config-from "$RESEAL_BASE"} --format "$log"
