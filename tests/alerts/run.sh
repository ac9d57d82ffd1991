#!/usr/bin/env bash
# The alerts, dashboards and runbooks: `make test-alerts`.
#   run.sh FOLDER [ARGUMENT...]   the folder has the programs; arguments are those of live.py, such as --transcripts FOLDER
#   run.sh FOLDER static          only what needs nothing that runs; without the program `forebay` its commands aren't compared
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=lib.sh
. "$here/lib.sh"
root=$here/../..
programs=$1; shift
mode=${1:-}
"$here/prepare.sh" "$mode"
bin=$(prometheus_home)/root/usr/bin
export PYTHONDONTWRITEBYTECODE=1

python3 "$root/tools/dashboards/generate.py" --check
"$bin/promtool" check rules "$root"/helm/forebay/alerts/*.yaml > /dev/null
"$bin/promtool" test rules "$here"/rules/*.yaml
python3 "$here/boards.py" "$bin/promtool"
python3 "$here/selftest.py"
if [ "$mode" = static ] && [ ! -x "$programs/forebay" ]; then
  echo "there is no $programs/forebay: the commands in runbooks are not compared with it" >&2
  python3 "$here/runbooks.py"
else
  python3 "$here/runbooks.py" "$programs/forebay"
fi
[ "$mode" != static ] || exit 0
python3 "$here/live.py" --programs "$programs" --prometheus "$bin/prometheus" "$@"
