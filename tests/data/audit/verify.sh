#!/bin/sh
# Checks an exported log with jq, sha256sum and openssl alone: verify.sh LOG.jsonl PUBLIC-KEY.pem
set -eu
log=$1 key=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
before=$(printf '%064d' 0)
covered=$before
number=0
chain=
while IFS= read -r line; do
    kind=$(printf '%s' "$line" | jq -r 'if has("record") then "record" elif has("signed") then "signed" else "other" end')
    case $kind in
    record)
        of=$(printf '%s' "$line" | jq -r .chain)
        [ "$of" = "$chain" ] || { chain=$of number=0 before=$(printf '%064d' 0) covered=$before; }
        number=$((number + 1))
        printf '%s' "$line" | jq -j .record >"$work/record"
        hash=$(sha256sum <"$work/record" | cut -d' ' -f1)
        [ "$hash" = "$(printf '%s' "$line" | jq -r .hash)" ] || { echo "record $number: another hash"; exit 1; }
        [ "$number" = "$(jq -r .number "$work/record")" ] || { echo "record $number: another number"; exit 1; }
        [ "$before" = "$(jq -r .before "$work/record")" ] || { echo "record $number: not chained"; exit 1; }
        before=$hash
        ;;
    signed)
        printf '%s' "$line" | jq -j .signed >"$work/signed"
        printf '%s' "$line" | jq -r .signature | base64 -d >"$work/signature"
        openssl dgst -sha256 -verify "$key" -signature "$work/signature" "$work/signed" >/dev/null ||
            { echo "record $number: signature"; exit 1; }
        [ "$before" = "$(jq -r .hash "$work/signed")" ] || { echo "record $number: signed otherwise"; exit 1; }
        [ "$covered" = "$(jq -r --arg covered "$covered" '.before // $covered' "$work/signed")" ] ||
            { echo "record $number: a signature before it is missing"; exit 1; }
        covered=$(sha256sum <"$work/signed" | cut -d' ' -f1)
        ;;
    esac
done <"$log"
echo "whole: $number records"
