#!/bin/sh
# Checks form, references, bindings and recipients of all manifests in the checked-out commit. Needs no key.
set -eu

reseal validate --ref HEAD
