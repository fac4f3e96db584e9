#!/bin/sh
# Hands the database's password to libpq by its environment, so that no command line and no
# `docker inspect` shows it, and starts the given command.
set -eu

refuse() {
    echo "mlflow: $1" >&2
    echo "  next: $2" >&2
    exit 78
}

file="${POSTGRES_PASSWORD_FILE:-}"
[ -n "$file" ] || refuse "POSTGRES_PASSWORD_FILE is not set" \
    "name the file that holds the database's password"
[ -f "$file" ] || refuse "there is no file $file" \
    "mount the secret there: see secrets in docker/compose.yaml"
[ -r "$file" ] || refuse "$file cannot be read by user $(id -u)" \
    "make it readable for that user: chmod a+r, in a folder that only you can enter"
[ -s "$file" ] || refuse "$file is empty" \
    "write the database's password into it"

PGPASSWORD="$(cat "$file")"
export PGPASSWORD
exec "$@"
