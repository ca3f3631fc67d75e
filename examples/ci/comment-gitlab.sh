#!/bin/sh
# Puts a plan on a merge request of GitLab: one note, which is edited when there is one already.
# usage: comment-gitlab.sh FILE
#
# RESEAL_COMMENT_TOKEN is a project access token with the scope `api` and the role Reporter; GitLab sets the rest.
set -eu

file=$1
[ -f "$file" ] || {
    echo "There is no plan to show." >&2
    exit 0
}
notes="${CI_API_V4_URL:?}/projects/${CI_PROJECT_ID:?}/merge_requests/${CI_MERGE_REQUEST_IID:?}/notes"
# The first line of the plan, which shows nowhere, tells our note from others.
marker=$(head -n 1 "$file")

# The token goes by standard input: arguments can be read by every process.
call() {
    printf 'header = "PRIVATE-TOKEN: %s"\n' "${RESEAL_COMMENT_TOKEN:?}" |
        curl --config - --silent --show-error --fail --max-time 60 --retry 2 \
            --header "Content-Type: application/json" "$@"
}

body=$(mktemp)
trap 'rm -f "$body"' EXIT
# GitLab takes a million characters.
jq --raw-input --slurp '{body: .[:900000]}' <"$file" >"$body"

# A note of someone else that begins like ours cannot be edited with our token, and is none of ours.
me=$(call "${CI_API_V4_URL}/user" | jq --raw-output .id)
id=
page=1
while [ -z "$id" ]; do
    found=$(call "$notes?per_page=100&page=$page")
    id=$(printf '%s' "$found" | jq --raw-output --arg marker "$marker" --argjson me "$me" \
        'map(select(.author.id == $me and (.body | startswith($marker)))) | first | .id // empty')
    [ "$(printf '%s' "$found" | jq length)" -eq 100 ] || break
    page=$((page + 1))
done

if [ -n "$id" ]; then
    call --request PUT --data "@$body" --output /dev/null "$notes/$id"
else
    call --request POST --data "@$body" --output /dev/null "$notes"
fi
