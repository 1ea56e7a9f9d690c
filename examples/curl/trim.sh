#!/usr/bin/env bash
# Keeps the seconds 1 to 3 of a clip: upload, start, poll, download. Needs curl and jq.
#   FRAMEWRIGHT_URL=http://127.0.0.1:8080 FRAMEWRIGHT_API_KEY=fwk_… examples/curl/trim.sh clip.mp4 out.mp4
set -euo pipefail
clip=$1 out=$2

api() { curl --silent --show-error --fail-with-body --header "X-API-Key: $FRAMEWRIGHT_API_KEY" "$@"; }

video=$(api --header 'Content-Type: video/mp4' --data-binary "@$clip" "$FRAMEWRIGHT_URL/api/assets" | jq --raw-output .url)
request=$(jq --null-input --arg video "$video" '{videoUrl: $video, start: 1, end: 3}')
job=$(api --header 'Content-Type: application/json' --data "$request" "$FRAMEWRIGHT_URL/api/trim" | jq --raw-output .jobId)

while true; do
  reply=$(api "$FRAMEWRIGHT_URL/api/jobs/$job")
  case $(jq --raw-output .status <<<"$reply") in
    done) break ;;
    failed | cancelled)
      jq --raw-output '.error // .status' <<<"$reply" >&2
      exit 1
      ;;
    *) jq --raw-output '"\(.status) \(.progress // 0)"' <<<"$reply" ;;
  esac
  sleep 1
done
curl --silent --show-error --fail --output "$out" "$(jq --raw-output .outputUrl <<<"$reply")"
echo "wrote $out"
