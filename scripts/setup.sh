#!/bin/sh
# Installs what Tulle needs, and only what is missing: a second run asks nothing of the network.
#   setup.sh system            Debian packages of the build and its tests
#   setup.sh peers             Debian packages that the lab compares with
#   setup.sh fuzz              the compiler with libFuzzer (clang)
#   setup.sh python NAME...    .venv with the packages of scripts/requirements/NAME.txt
set -eu
cd "$(dirname "$0")/.."
die() { echo "setup: $*" >&2; exit 1; }

system_packages="ca-certificates g++ cmake ninja-build ccache python3 python3-venv
  libprotobuf-dev protobuf-compiler libonnx-dev libxbyak-dev
  libcli11-dev libfmt-dev nlohmann-json3-dev libtomlplusplus-dev zlib1g-dev liblzma-dev libgtest-dev"
peers_packages="libeigen3-dev libopenblas-openmp-dev libxsmm-dev"
fuzz_packages="clang-19 libclang-rt-19-dev libomp-19-dev"

install_packages() {
  command -v dpkg-query >/dev/null || die "this is no Debian; install by hand: $*"
  missing=""
  for package in "$@"; do
    state=$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true)
    [ "$state" = "install ok installed" ] || missing="$missing $package"
  done
  [ -n "$missing" ] || return 0
  sudo=""
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || die "not root and no sudo; as root run: apt-get install --no-install-recommends$missing"
    sudo=sudo
  fi
  echo "setup: apt-get install$missing"
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get update -qq || die "apt-get update failed: is the network there?"
  # shellcheck disable=SC2086  # the names are separate words
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing ||
    die "apt-get install failed:$missing"
}

install_python() {  # one name: a file of requirements; its checksum in the venv says that it was installed
  wanted=scripts/requirements/$1.txt
  [ -f "$wanted" ] || die "no $wanted"
  stamp=.venv/.installed-$1
  sum=$(cksum <"$wanted")
  [ "$(cat "$stamp" 2>/dev/null || true)" = "$sum" ] && return 0
  [ -x .venv/bin/pip ] || { echo "setup: python3 -m venv .venv"; python3 -m venv .venv; }
  echo "setup: pip install $(grep -v '^#' "$wanted" | tr '\n' ' ')"
  .venv/bin/pip install --quiet --disable-pip-version-check -r "$wanted" || die "pip install failed: $wanted"
  echo "$sum" >"$stamp"
}

what=${1:-}
[ $# -eq 0 ] || shift
case $what in
  system) install_packages $system_packages ;;
  peers) install_packages $peers_packages ;;
  fuzz) install_packages $fuzz_packages ;;
  python) for name in "$@"; do install_python "$name"; done ;;
  *) sed -n '2,6p' "$0"; exit 2 ;;
esac
