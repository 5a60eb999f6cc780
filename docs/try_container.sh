#!/usr/bin/env bash
# Builds the image, starts it, uploads a picture, stops it: with docker or podman, or with buildah where no daemon runs.
#   docs/try_container.sh [BUILD OPTIONS...]
set -euo pipefail
cd "$(dirname "$0")/.."
image=object-detector port=8602
tool=buildah
for one in docker podman; do
    if "$one" info >/dev/null 2>&1; then tool=$one; fi
done

case "$tool" in
    buildah)
        buildah build --format docker --tag "$image" "$@" .
        container=$(buildah from --pull-never "localhost/$image")
        start() { exec buildah run --user nobody --env PORT=$port "$container" -- python -m detector serve --host 127.0.0.1; }
        size() { buildah images --format '{{.Size}}' "localhost/$image"; }
        stop() { kill -TERM "$(pgrep -n -f "detector serve --host")"; }  # the newest: not buildah itself
        clean() { buildah rm "$container" >/dev/null; }
        ;;
    *)
        "$tool" build --tag "$image" "$@" .
        start() { exec "$tool" run --rm --name tried --network host --read-only --tmpfs /tmp --env PORT=$port "$image"; }
        size() { "$tool" images --format '{{.Size}}' "$image"; }
        stop() { "$tool" stop --time 30 tried >/dev/null; }
        clean() { :; }
        ;;
esac

began=$(date +%s%N)
start &
running=$!
trap 'stop || true; clean' EXIT
until curl --silent --fail --output /dev/null "http://127.0.0.1:$port/api/readyz"; do
    kill -0 "$running" || exit 1
    sleep 0.1
done
echo "image: $(size)"
echo "ready after $((($(date +%s%N) - began) / 1000000)) ms"
curl --silent --fail -F file=@detector/models/clock-sign-oranges.jpg \
    "http://127.0.0.1:$port/api/predict?format=json" | grep -o '"counts":{[^}]*}'
curl --silent --fail "http://127.0.0.1:$port/" | grep -q '<title>' && echo "the page answers"
echo "resident memory: $(awk '/VmRSS/ {print int($2 / 1000)}' "/proc/$(pgrep -n -f 'detector serve --host')/status") MB"

trap clean EXIT
began=$(date +%s%N)
stop
wait "$running" && code=0 || code=$?
echo "ended with $code after $((($(date +%s%N) - began) / 1000000)) ms"
