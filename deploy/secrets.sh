#!/bin/sh
# Makes what deploy/compose.yaml keeps secret, in deploy/secrets/, and prints a key that may write, which is kept nowhere.
# RAG is the command that makes keys: the image's, when not set.
set -eu
folder=$(dirname "$0")/secrets
if [ -e "$folder" ]; then
    echo "$folder is there already; take it away to make new secrets." >&2
    exit 1
fi
value() { awk -v name="$1" '$1 == name { print $2 }'; }

writer=$(${RAG:-docker run --rm footnote:0.1.0 rag} key writer --write)
scraper=$(${RAG:-docker run --rm footnote:0.1.0 rag} key prometheus)
# The services read the files as users of their own, each bound to its place; nobody else comes into the folder.
mkdir -m 0700 "$folder"
{ echo "$writer" | value entry; echo "$scraper" | value entry; } > "$folder/keys"
echo "$scraper" | value key > "$folder/prometheus_key"
head -c 24 /dev/urandom | base64 > "$folder/grafana_password"
chmod 0644 "$folder"/*
echo "$writer" | value key
