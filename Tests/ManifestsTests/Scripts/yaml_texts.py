"""Reads a JSON list of YAML files and prints, for each, its documents with every scalar as the text that PyYAML reads."""

import json
import sys

import yaml

files = json.load(sys.stdin)
print(json.dumps([[d for d in yaml.load_all(text, yaml.BaseLoader)] for text in files], ensure_ascii=True))
