#!/usr/bin/env bash
# What `npm test` runs: types, lint, unit tests, then the tests on real Docker Engines. All of it is tried even when a
# part fails. What a machine does not have is installed where that is possible (root, apt-get); what had to be left out
# is said in a frame at the end, and is a failure where CI=true.
set -uo pipefail
cd "$(dirname "$0")/.." || exit
# Node 24 comes with the packages, whatever the machine has.
export PATH="$PWD/node_modules/.bin:$PATH"

results=node_modules/.cache/weft-test
# Far more than the tests take; only a hanging one reaches it.
e2e_limit=27m
failed=()
left_out=()

main() {
  rm -rf "$results" && mkdir -p "$results"
  step types tsc --noEmit
  step types-of-the-page tsc --noEmit -p src/api/page
  step biome biome check
  step knip knip
  step unit vitest run --project unit --project slow --project edge "${reporters[@]}" --outputFile.json="$results/unit.json"
  if engines_can_run; then
    step e2e timeout --kill-after=30s "$e2e_limit" \
      vitest run --project e2e "${reporters[@]}" --outputFile.json="$results/e2e.json"
    step leftovers node test/support/lab/sweep.ts
  fi
  summary
}

reporters=(--reporter=default --reporter=json)

step() {
  local name=$1
  shift
  printf '\n── %s\n' "$name"
  "$@" || failed+=("$name")
}

# Real engines want Linux, root with all its rights, and a few Debian packages.
engines_can_run() {
  if [ "$(uname -s)" != Linux ] || [ "$(id -u)" != 0 ]; then
    left_out+=('e2e: real Docker Engines need Linux and root (try: sudo npm test)')
    return 1
  fi
  if ! unshare --net --mount --pid --fork true 2>/dev/null; then
    left_out+=('e2e: this root may not make namespaces (in a container, it needs --privileged)')
    return 1
  fi
  install_missing && return 0
  left_out+=("e2e: not installed: $(missing_commands | xargs)")
  return 1
}

missing_commands() {
  local each
  for each in dockerd docker containerd runc docker-init ip ebtables-nft sysctl nsenter setpriv busybox dig dnsmasq setcap \
    musl-gcc socat podman nats-server nginx chromium curl jq haproxy pg_ctlcluster redis-server \
    promtool fish zsh systemd-notify; do
    command -v "$each" >/dev/null || echo "$each"
  done
}

install_missing() {
  [ -z "$(missing_commands)" ] && return 0
  command -v apt-get >/dev/null || return 1
  printf '\n── installing %s\n' "$(missing_commands | xargs)"
  local packages
  packages=$(grep -v '^#' test/debian-packages.txt | xargs)
  # Without RUNLEVEL=1, Debian would start an engine that nobody here asks for.
  # shellcheck disable=SC2086
  (apt-get update -qq && RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive \
    apt-get install -qq -y --no-install-recommends $packages) >"$results/apt.log" 2>&1 || tail -5 "$results/apt.log"
  [ -z "$(missing_commands)" ]
}

summary() {
  local each
  echo
  if [ ${#left_out[@]} -gt 0 ]; then
    echo '╔══ LEFT OUT ═══════════════════════════════════════════════════════════════'
    for each in "${left_out[@]}"; do echo "║ $each"; done
    echo '╚═══════════════════════════════════════════════════════════════════════════'
    [ "${CI:-}" = true ] && failed+=('left out')
  fi
  [ ${#failed[@]} -gt 0 ] && echo "failed: ${failed[*]}"
  node test/tally.ts "$results"/*.json || failed+=(tests)
  [ ${#failed[@]} -eq 0 ]
}

main
