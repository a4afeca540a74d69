#!/bin/sh
# Makes two roles when the database is made: signet_owner owns the tables and migrates, signet serves and makes none. The image
# of PostgreSQL runs it once; which socket, user and database, psql takes from its environment.
set -eu
: "${SECRETS:=/run/secrets}"
psql --set=ON_ERROR_STOP=1 --quiet --no-psqlrc --username="$POSTGRES_USER" --dbname="$POSTGRES_DB" \
  --set=owner="$(cat "$SECRETS/owner_password")" --set=serving="$(cat "$SECRETS/serving_password")" <<'SQL'
CREATE ROLE signet_owner LOGIN PASSWORD :'owner';
CREATE ROLE signet LOGIN PASSWORD :'serving';
ALTER DATABASE :"DBNAME" OWNER TO signet_owner;
SQL
