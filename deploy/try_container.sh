#!/usr/bin/env bash
# Builds the image, starts it, uploads a picture, stops it: with docker or podman, or with buildah where no daemon runs.
#   deploy/try_container.sh [BUILD OPTIONS...]
set -euo pipefail
cd "$(dirname "$0")/.."
image=object-detector name=object-detector-tried port=${PORT:-8602}
tool=buildah
for one in docker podman; do
    if "$one" info >/dev/null 2>&1; then tool=$one; fi
done
[ "$tool" = docker ] || set -- --format docker "$@"  # the other format has no health check

case "$tool" in
    buildah)
        export BUILDAH_ISOLATION=${BUILDAH_ISOLATION:-chroot}  # needs no runtime; the file system is not read-only then
        buildah build --tag "$image" "$@" .
        container=$(buildah from --pull-never "localhost/$image")
        command=$(buildah inspect --format '{{range .OCIv1.Config.Cmd}}{{.}} {{end}}' "$container")
        # A shell around it, because buildah gives a code but no signal. Not for others on this network: --host.
        start() { exec buildah run --env PORT="$port" "$container" -- sh -c "$command --host 127.0.0.1; exit \$?"; }
        size() { buildah images --format '{{.Size}}' "localhost/$image"; }
        server() {  # the last descendant of what was started here, never another server on this machine
            local at=$running child
            while child=$(pgrep -P "$at" | head -n 1); [ -n "$child" ]; do at=$child; done
            echo "$at"
        }
        status() { cat "/proc/$(server)/status"; }
        stop() { kill -TERM "$(server)"; }
        clean() { buildah rm "$container" >/dev/null; }
        ;;
    *)
        "$tool" build --tag "$image" "$@" .
        start() {
            exec "$tool" run --rm --name "$name" --read-only --tmpfs /tmp --env PORT="$port" \
                --publish "127.0.0.1:$port:$port" "$image"
        }
        size() { "$tool" images --format '{{.Size}}' "$image"; }
        status() { "$tool" exec "$name" cat /proc/1/status; }
        stop() { "$tool" stop "$name" >/dev/null; }
        clean() { :; }
        ;;
esac

milliseconds() { echo $((($(date +%s%N) - $1) / 1000000)); }

began=$(date +%s%N)
start &
running=$!
trap 'stop || true; wait "$running" || true; clean' EXIT
until curl --silent --fail --output /dev/null "http://127.0.0.1:$port/api/readyz"; do
    kill -0 "$running"
    [ "$(milliseconds "$began")" -lt 60000 ]
    sleep 0.1
done
ready=$(milliseconds "$began")
answer=$(curl --silent --fail -F file=@detector/models/clock-sign-oranges.jpg \
    "http://127.0.0.1:$port/api/predict?format=json")
[[ $answer =~ \"counts\":\{\"[^\}]*\} ]]  # at least one object
found=${BASH_REMATCH[0]}
page=$(curl --silent --fail "http://127.0.0.1:$port/")
[[ $page == *"<title>"* ]]
memory=$(status | awk '/VmRSS/ {print int($2 / 1000)}')

trap clean EXIT
began=$(date +%s%N)
stop
wait "$running" && code=0 || code=$?
echo "$tool: $(size), ready after $ready ms, $found, the page answers, $memory MB resident"
echo "ended with $code after $(milliseconds "$began") ms"
[ "$code" = 0 ] || [ "$code" = 143 ]  # 0 as the first process of a container, 143 else
