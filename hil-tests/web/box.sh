#!/usr/bin/env bash
# The box that ships beside the simulated press: its API fuzzed, every page opened in Chromium in both languages.
#   hil-tests/web/box.sh [short|full] [both|api|pages]
#     short: a minute; full: 50 cases a route and phase, every page on panel and desktop, with pictures
set -eu
cd "$(dirname "$0")/../.."
how=${1:-short}
what=${2:-both}
case $how in short) examples=1;; full) examples=50;; *) echo "box.sh: short or full" >&2; exit 2;; esac
folder=$(mktemp -d -t moldsight-web.XXXXXX)
press= box=
stop() { for p in $box $press; do kill "$p" 2>/dev/null || true; done; wait 2>/dev/null || true; rm -rf "$folder"; }
trap stop EXIT
trap 'exit 1' INT TERM

# Fuzzing may import releases and change the setup: all of it in a folder of its own.
cp -r models/weights "$folder/weights"
export MOLDSIGHT_RELEASES=$folder/weights
target/release/press-sim --scenario demo --link "$folder/press" --calibration "$folder/calibration.toml" --quiet >/dev/null &
press=$!
for _ in $(seq 300); do [ -e "$folder/press" ] && [ -e "$folder/calibration.toml" ] && break; sleep 0.1; done
sed "s/127.0.0.1:8088/127.0.0.1:0/" appliance/demo/demo.toml >"$folder/moldsight.toml"
target/release/moldsight run --config "$folder/moldsight.toml" --login-link >"$folder/log" 2>&1 &
box=$!
for _ in $(seq 300); do grep -q one-time "$folder/log" && break; sleep 0.1; done
link=$(sed -n 's/^.*one-time login //p' "$folder/log")
url=$(sed -n 's,^.*one-time login \(http://[^/]*\)/.*,\1,p' "$folder/log")

curl -sf -c "$folder/cookies" -o /dev/null "$link"
csrf=$(curl -sf -b "$folder/cookies" "$url/api/v1/session" | python3 -c 'import json,sys; print(json.load(sys.stdin)["csrf"])')
token() { # of a role
  curl -sf -b "$folder/cookies" -H "x-csrf-token: $csrf" -H 'content-type: application/json' \
    -d "{\"name\": \"$1\", \"role\": \"$1\"}" "$url/api/v1/tokens" | python3 -c 'import json,sys; print(json.load(sys.stdin)["secret"])'
}
ENGINEER_TOKEN=$(token engineer) VIEWER_TOKEN=$(token viewer)
export ENGINEER_TOKEN VIEWER_TOKEN

# The pages first, while nobody has changed anything; they need a shot to show.
for _ in $(seq 120); do
  curl -sf -b "$folder/cookies" "$url/api/v1/shots?limit=1" | grep -q '"shot":' && break; sleep 1
done
[ "$what" = api ] || (cd appliance/dashboard && MOLDSIGHT_BOX=$url MOLDSIGHT_SESSION=$(awk '/moldsight_session/ { print $7 }' "$folder/cookies") \
  MOLDSIGHT_HOW=$how node --import tsx --test test/browser/box.test.ts)
[ "$what" = pages ] || BOX_URL=$url bash hil-tests/web/schemathesis.sh "$examples"
if grep -E "panicked|a request failed" "$folder/log"; then echo "box.sh: the box made a mistake" >&2; exit 1; fi
kill -0 "$box" || { echo "box.sh: the box has ended" >&2; exit 1; }
echo "box.sh: API and pages of the running box are well ($how, $what)"
