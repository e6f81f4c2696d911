#!/usr/bin/env bash
# Fuzzes the API with schemathesis, as engineer and as viewer, against a station in memory, or against the box at BOX_URL with
# ENGINEER_TOKEN and VIEWER_TOKEN (`box.sh` sets them).
#   hil-tests/web/schemathesis.sh [EXAMPLES]      cases a route and phase, 50 when not given
set -eu
cd "$(dirname "$0")/../.."
examples=${1:-50}
tools=$PWD/target/tmp/schemathesis
settings=$PWD/hil-tests/web/schemathesis.toml
if [ ! -x "$tools"/bin/schemathesis ]; then
  python3 -m venv "$tools" && "$tools"/bin/pip install -q 'schemathesis>=4.32,<5'
fi
mkdir -p target/tmp

if [ -n "${BOX_URL:-}" ]; then
  url=$BOX_URL
else
  cargo build --release --locked -p appliance-web --example serve
  log=$(mktemp)
  target/release/examples/serve 127.0.0.1:0 >"$log" &
  server=$!
  trap 'kill $server; rm -f "$log"' EXIT
  for _ in $(seq 100); do grep -q one-time "$log" && break; sleep 0.1; done
  url=$(sed -n 's/^\(http[^ ]*\) .*/\1/p' "$log")
  token() { awk -v role="$1:" '$1 == "token" && $2 == role { print $3 }' "$log"; }
  ENGINEER_TOKEN=$(token engineer) VIEWER_TOKEN=$(token viewer)
fi

cd target/tmp # schemathesis leaves its notes where it runs

# Left out: the live stream, which never ends, and the removal of tokens, which would hit the one in use.
# positive_data_acceptance: a form can fit the document and still make no sense (a lower limit above the upper
# one, a lot line without a lot, an archive that is none); those are answered with 422 and a reason on purpose.
for role in engineer viewer; do
  case $role in engineer) MOLDSIGHT_TOKEN=$ENGINEER_TOKEN;; *) MOLDSIGHT_TOKEN=$VIEWER_TOKEN;; esac
  export MOLDSIGHT_TOKEN
  echo "schemathesis as $role"
  "$tools"/bin/schemathesis --config-file "$settings" run "$url/api/v1/openapi.json" \
    --exclude-path /api/v1/live --exclude-operation-id remove_token \
    --exclude-checks positive_data_acceptance --max-response-time 5 \
    --max-examples "$examples" --continue-on-failure --seed 20261121 --warnings off
done
