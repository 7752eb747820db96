#!/usr/bin/env bash
# Switches a machine to a release: migrates, switches, checks the health, and goes back when it is not ready.
#   sudo bash deploy/switch-release.sh v0.3.0
# Expects the built release as /srv/latchkey/v0.3.0.tar.gz, or unpacked as /srv/latchkey/releases/v0.3.0.
set -euo pipefail

release=${1:?the name of the release is missing}
home=${LATCHKEY_HOME:-/srv/latchkey}
settings=${LATCHKEY_SETTINGS:-/etc/latchkey/latchkey.env}
folder=$home/releases/$release
archive=$home/$release.tar.gz

port=$(sed -n 's/^PORT=\([0-9]*\)$/\1/p' "$settings")
url=http://127.0.0.1:${port:-3000}

# Within 60 seconds. The worst state that serves requests is "warn", which has status 200.
is_ready() {
  for _ in $(seq 60); do
    if curl --fail --silent --output /dev/null --max-time 5 "$url/readyz"; then return 0; fi
    sleep 1
  done
  return 1
}

# In place at once: a link that is replaced by renaming always leads somewhere.
switch_to() {
  ln --symbolic --force --no-dereference "$1" "$home/next"
  mv --no-target-directory "$home/next" "$home/current"
  systemctl restart latchkey
}

if [[ -f $archive ]]; then
  rm -rf "$folder.part"
  mkdir -p "$folder.part"
  tar --extract --gzip --no-same-owner --file "$archive" --directory "$folder.part"
  rm -rf "$folder"
  mv "$folder.part" "$folder"
  rm "$archive"
fi

previous=$(readlink "$home/current" || true)

# With the rights and the settings of the service. The release that runs works on the new schema, too.
systemd-run --quiet --wait --collect --pipe --property=DynamicUser=yes --property=ProtectHome=yes \
  --property=WorkingDirectory="$folder" --property=EnvironmentFile="$settings" --setenv=NODE_ENV=production \
  /usr/bin/node --import tsx scripts/db.ts migrate

switch_to "$folder"
if is_ready; then
  echo "$release runs."
  exit 0
fi

echo "$release is not ready. Its log:" >&2
journalctl --unit latchkey --lines 50 --no-pager >&2 || true
if [[ -n $previous ]]; then
  switch_to "$previous"
  if is_ready; then echo "Went back to ${previous##*/}." >&2; else echo "${previous##*/} is not ready either." >&2; fi
fi
exit 1
