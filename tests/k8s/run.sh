#!/usr/bin/env bash
# Tests the chart: ./run.sh [rendered|refused|monitored|installed|scaled|walked|NAME OF A TEST]...   (all without arguments)
#   rendered     with all of its subjects (rendered_*.py), refused and monitored: what needs no cluster
#   BLESS=1      writes what `helm template` gives to golden/, for a person to look at
#   FOREBAY      the `forebay` that checks rendered settings   (default: the debug build of CARGO_TARGET_DIR)
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=../servers/lib.sh
. "$here/../servers/lib.sh"

# A virtual environment can't be moved, so that its programs are called through its python.
make_python() {
  python3 -m venv "$1"
  "$1/bin/python" -m pip install --quiet --disable-pip-version-check -r "$here/requirements.txt"
}
python=$(servers_home python "$here/requirements.txt")
prepare_once "$python" make_python
HELM=$("$here/../servers/k8s/run.sh" helm)
export HELM
export FOREBAY=${FOREBAY:-${CARGO_TARGET_DIR:-$here/../../target}/debug/forebay}
cd "$here"
rendered=(rendered rendered_jobs rendered_network rendered_scaling rendered_secrets refused monitored)
modules=() named=()
for name in "$@"; do
  case $name in
    rendered) modules+=("${rendered[@]}") ;;
    refused | monitored | installed | scaled | walked) modules+=("$name") ;;
    *) named+=(-k "$name") ;;
  esac
done
[ ${#modules[@]} -gt 0 ] || modules=("${rendered[@]}" installed scaled walked)
# What is only rendered needs no cluster.
if [[ " ${modules[*]} " =~ \ (installed|scaled|walked)\  ]]; then
  "$here/../servers/k8s/run.sh" prepare
  FOREBAY_TEST_KUBE=$("$here/../servers/k8s/run.sh" home)
  export FOREBAY_TEST_KUBE
fi
PYTHONDONTWRITEBYTECODE=1 exec "$python/bin/python" -m unittest --verbose "${named[@]}" "${modules[@]}"
