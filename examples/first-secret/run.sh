#!/usr/bin/env bash
# From nothing to a secret read from the vault. usage: run.sh FOLDER
set -euo pipefail

mkdir -p "${1:?usage: run.sh FOLDER}"
cd "$1"
export RESEAL_HOME="$PWD/vault"

# Whoever applies holds an identity; its recipient goes into the repository.
reseal keygen -o identity.txt
recipient=$(reseal keygen -y identity.txt)

git init --quiet --initial-branch=main repository
cd repository
git config user.name "You" && git config user.email you@example.org
reseal init --manifests manifests --recipient "$recipient"

cat > manifests/greeter.yaml <<'END'
apiVersion: reseal/v1
kind: Secret
metadata:
  name: greeter
spec:
  type: api-key
  description: The key of the greeting service
  permissions:
    read: [service:greeter]
END
openssl rand -hex 16 | reseal seal greeter
git add --all && git commit --quiet --message "The greeter's key"

reseal init --repo . --identity ../identity.txt
reseal apply --yes
reseal get greeter
