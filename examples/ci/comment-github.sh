#!/bin/sh
# Puts a plan on a pull request of GitHub: one comment, which is edited when there is one already.
# usage: comment-github.sh FILE
#
# PULL_REQUEST is the number, GITHUB_TOKEN may write to pull requests; GitHub sets GITHUB_API_URL and GITHUB_REPOSITORY.
set -eu

file=$1
[ -f "$file" ] || {
    echo "There is no plan to show." >&2
    exit 0
}
comments="${GITHUB_API_URL:?}/repos/${GITHUB_REPOSITORY:?}/issues"
# The first line of the plan, which shows nowhere, tells our comment from others.
marker=$(head -n 1 "$file")

# The token goes by standard input: arguments can be read by every process.
call() {
    printf 'header = "Authorization: Bearer %s"\n' "${GITHUB_TOKEN:?}" |
        curl --config - --silent --show-error --fail --max-time 60 --retry 2 \
            --header "Accept: application/vnd.github+json" "$@"
}

body=$(mktemp)
trap 'rm -f "$body"' EXIT
# GitHub takes 65,536 characters.
jq --raw-input --slurp '{body: (if length > 65000 then .[:65000] + "\n\n…" else . end)}' <"$file" >"$body"

id=
page=1
while [ -z "$id" ]; do
    found=$(call "$comments/${PULL_REQUEST:?}/comments?per_page=100&page=$page")
    id=$(printf '%s' "$found" | jq --raw-output --arg marker "$marker" \
        'map(select(.user.type == "Bot" and (.body | startswith($marker)))) | first | .id // empty')
    [ "$(printf '%s' "$found" | jq length)" -eq 100 ] || break
    page=$((page + 1))
done

if [ -n "$id" ]; then
    call --request PATCH --data "@$body" --output /dev/null "$comments/comments/$id"
else
    call --request POST --data "@$body" --output /dev/null "$comments/$PULL_REQUEST/comments"
fi
