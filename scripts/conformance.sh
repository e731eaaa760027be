#!/usr/bin/env bash
# Drive this checkout's server with the official Python clients: conformance.sh [--client 010|067|both] [--area A,B] [-k WORDS]
# `conformance.sh --setup` only installs those clients, which examples in Python use too.
# The kit is $DELTACAT_CONFORMANCE, or ../shared/conformance beside the checkout. Without one this is skipped; under CI=true it fails.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
kit=${DELTACAT_CONFORMANCE:-$root/../shared/conformance}

# The areas of what is built; the kit has more.
areas=catalog,write_read,formats,predicates,merge,sessions,schemaless,transactions,s3

if [ ! -f "$kit/run.sh" ]; then
  echo "conformance: no kit at $kit; name its folder in DELTACAT_CONFORMANCE" >&2
  [ "${CI:-}" != true ] || exit 1
  echo "conformance: skipped" >&2
  exit 0
fi

[ "${1:-}" != --setup ] || exec bash "$kit/setup.sh"
case " $* " in *" --area "*) ;; *) set -- --area "$areas" "$@";; esac
# What crawls a bucket is not built yet.
case " $* " in *" -k "*) ;; *) set -- "$@" -k 'not a_crawl_lists_the_objects_of_a_bucket';; esac
export DELTACAT_CHECKOUT=$root
# On PostgreSQL all servers of a run share one database: the checks choose names of their own.
if [ -n "${DELTACAT_TEST_DATABASE_URL:-}" ]; then export DELTACAT_DATABASE_URL=$DELTACAT_TEST_DATABASE_URL; fi
export DELTACAT_SERVE='npx deltacat serve --catalog-root {root} --transport http --port {port}'
exec bash "$kit/run.sh" "$@"
