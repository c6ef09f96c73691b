#!/usr/bin/env bash
# Installs what torchtally is built with and is missing on this machine. See --help.
set -euo pipefail

readonly torch_version=2.13.0

# What PyTorch's operator database (tests/opdb) imports beside torch, and what the Python package's tests run with.
readonly modules=(numpy expecttest pytest tabulate fvcore scikit_build_core transformers accelerate lightning nbclient ipykernel)
readonly requirements=(
  'numpy>=2,<2.4' 'expecttest>=0.3,<0.4' 'pytest>=9,<10' tabulate 'fvcore==0.1.5.post20221221' 'scikit-build-core>=0.10,<2'
  'transformers>=5.24,<6' 'accelerate>=1.10,<2' 'lightning>=2.6,<3'
  'nbclient>=0.10,<1' 'ipykernel>=7,<8'
)

# What is used, and what for: dependencies.cmake.
readonly packages=(
  g++ cmake ninja-build ccache git
  libabsl-dev libcli11-dev nlohmann-json3-dev
  libgtest-dev libgmock-dev libbenchmark-dev
  libtorch-dev python3-torch python3-torchvision
  python3-venv python3-dev
  zlib1g-dev dataset-fashion-mnist
  chromium chromium-driver python3-selenium python3-jsonschema
  clang-format-14 clang-tidy-14
)

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
readonly here
readonly environment="$here/local"

say() { printf 'bootstrap: %s\n' "$*"; }

fail() {
  printf 'bootstrap: %s\n' "$*" >&2
  exit 1
}

usage() {
  cat <<EOF
Usage: third_party/bootstrap.sh [--help]

Installs what is missing to build and test torchtally on Debian 12, and nothing else:
  - Debian packages, by apt-get: as root, or with sudo;
  - LibTorch $torch_version, by pip, into third_party/local/ (git ignores it). Not where one is there already: in the directory that
    Torch_DIR names, below one that CMAKE_PREFIX_PATH names, or in the Python on PATH;
  - ${modules[*]}, by pip, into third_party/local/ too: for the tests of the Python package and those over PyTorch's
    operator database. Not where LibTorch is elsewhere: that Python is not this script's to change.

Run it as often as you like: where nothing is missing it changes nothing and asks the network nothing.

pip takes the wheel from where it is configured to look. On a machine without a GPU a CPU-only wheel (PyTorch's own index has them:
PIP_EXTRA_INDEX_URL) saves gigabytes. To start over, delete third_party/local/.
EOF
}

as_root() {
  if [[ "$(id -u)" -eq 0 ]]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    fail "needs root to run '$*': run this script as root, or install sudo."
  fi
}

missing_packages() {
  local installed package
  # Fails if it does not know one of them, which is no error here.
  installed="$(dpkg-query --show --showformat='${Package} ${db:Status-Status}\n' "${packages[@]}" 2>/dev/null || true)"
  for package in "${packages[@]}"; do
    grep --quiet --line-regexp --fixed-strings "$package installed" <<<"$installed" || printf '%s\n' "$package"
  done
}

install_packages() {
  local missing
  mapfile -t missing < <(missing_packages)
  if [[ ${#missing[@]} -eq 0 ]]; then
    say "Debian packages: all ${#packages[@]} are installed."
    return
  fi
  command -v apt-get >/dev/null || fail "this is not Debian. Install the equivalents of: ${missing[*]}"
  say "Debian packages: installing ${missing[*]}"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get update
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "${missing[@]}"
}

# Whether a directory holds a TorchConfig.cmake of the wanted version.
has_torch() { grep --quiet --no-messages "PACKAGE_VERSION \"$torch_version" "$1/TorchConfigVersion.cmake"; }

# Prints where the wanted LibTorch is, if anywhere: as torch.cmake looks for it.
find_torch() {
  local prefixes prefix dir location
  IFS=':;' read -r -a prefixes <<<"${CMAKE_PREFIX_PATH:-}"
  for dir in "${Torch_DIR:-}" "$environment"/lib/python3*/site-packages/torch/share/cmake/Torch; do
    if has_torch "$dir"; then
      printf '%s\n' "$dir"
      return
    fi
  done
  for prefix in "${prefixes[@]}"; do
    for dir in "$prefix/share/cmake/Torch" "$prefix/Torch" "$prefix/lib/cmake/Torch"; do
      if has_torch "$dir"; then
        printf '%s\n' "$dir"
        return
      fi
    done
  done
  location="$(python3 -c 'import importlib.util as u; print(u.find_spec("torch").submodule_search_locations[0])' 2>/dev/null || true)"
  if [[ -n "$location" ]] && has_torch "$location/share/cmake/Torch"; then
    printf '%s\n' "$location/share/cmake/Torch"
  fi
}

install_torch() {
  local found python=/usr/bin/python3
  found="$(find_torch)"
  if [[ -n "$found" ]]; then
    say "LibTorch $torch_version: is in $found"
    return
  fi
  # Debian's Python, whose venv module was installed above, rather than whatever PATH has.
  [[ -x "$python" ]] || python=python3
  say "LibTorch $torch_version: installing into $environment by pip"
  # A half-made environment of an interrupted run is made anew.
  "$python" -m venv --clear "$environment"
  "$environment/bin/pip" install --disable-pip-version-check --no-input --no-cache-dir "torch==$torch_version"
  found="$(find_torch)"
  [[ -n "$found" ]] || fail "pip installed torch $torch_version, but without the files that CMake needs in $environment."
  say "LibTorch $torch_version: is in $found"
}

# With torch's version among what is asked for: nothing may bring another one along.
install_modules() {
  local python="$environment/bin/python3"
  local has_modules=(-c 'import importlib.util as u, sys; sys.exit(not all(map(u.find_spec, sys.argv[1:])))' "${modules[@]}")
  if [[ ! -x "$python" ]]; then
    say "${modules[*]}: not installed, LibTorch is not in $environment. tests/opdb wants them beside it."
  elif "$python" "${has_modules[@]}"; then
    say "${modules[*]}: are in $environment"
  else
    say "${modules[*]}: installing into $environment by pip"
    "$python" -m pip install --disable-pip-version-check --no-input --no-cache-dir "torch==$torch_version" "${requirements[@]}"
    "$python" "${has_modules[@]}" || fail "pip installed ${modules[*]}, but $python does not find them."
  fi
}

case "${1:-}" in
  "") ;;
  -h | --help)
    usage
    exit 0
    ;;
  *)
    usage >&2
    exit 2
    ;;
esac
install_packages
install_torch
install_modules
say "done."
