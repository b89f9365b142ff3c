#!/usr/bin/env bash
# A job's whole life with curl alone. life.sh HTTP TOKEN CREATE DESCRIPTORS FOLDER: the API's address, the token, the body of the create call, unused, where the model goes.
set -euo pipefail
http=$1 token=$2 create=$3 folder=$5

call() { curl --silent --show-error --max-time 60 -H "Authorization: Bearer $token" "$@"; }

# The value of a name in one line of JSON, the first there.
value() { grep -o "\"$1\":\"[^\"]*\"" | head -n 1 | cut -d '"' -f 4; }

fail() {
  echo "$1" >&2
  exit 1
}

[[ $(call "$http/version" | value api) == trainer.v1 ]] || fail "the version is not there"
id=$(call -X POST --data-binary @"$create" "$http/jobs" | value id)
[[ $(call -X POST --data-binary @"$create" "$http/jobs" | value id) == "$id" ]] || fail "the same request made another job"
[[ $(call -G --data-urlencode 'filter=labels.client = curl' "$http/jobs" | value id) == "$id" ]] || fail "the job is not found by its label"
call -X PATCH --data '{"notes": "by curl"}' "$http/jobs/$id?update_mask=notes" | grep -q '"notes":"by curl"' || fail "the notes are not kept"
call --no-buffer "$http/jobs/$id:watch" | tail -n 1 | grep -q '"state":"SUCCEEDED"' || fail "the job did not succeed: $(call "$http/jobs/$id")"
call "$http/jobs/$id/logs?follow=true" | tail -n 1 | grep -q 'SUCCEEDED' || fail "the log does not end with the job"
[[ $(call "$http/jobs/$id/epochs" | grep -o '"epoch":' | wc -l) == 2 ]] || fail "the job has not two epochs"

# The second half of the file first missing, then fetched.
model=$http/jobs/$id/artifacts/model.safetensors
call -o "$folder/whole" "$model"
head -c 1000 "$folder/whole" >"$folder/model"
call -C - -o "$folder/model" "$model"
sum=$(sha256sum "$folder/model" | cut -d ' ' -f 1)
[[ $sum == "$(call "$http/jobs/$id" | value weights_sha256)" ]] || fail "the file is not the job's"

[[ $(call -o "$folder/error" -w '%{http_code}' "$http/jobs/nobody") == 404 && $(value reason <"$folder/error") == JOB_NOT_FOUND ]] || fail "an unknown job is not refused as it should be"
[[ $(curl -s -o /dev/null -w '%{http_code}' "$http/jobs") == 401 ]] || fail "the token is not wanted"
call -X DELETE "$http/jobs/$id" >/dev/null
[[ $(call -o /dev/null -w '%{http_code}' "$http/jobs/$id") == 404 ]] || fail "the job is still there"
echo "$sum"
