#!/usr/bin/env bash
# The alerts, dashboards and runbooks: `make test-alerts`.
#   run.sh FOLDER [ARGUMENT...]   the folder has the programs; arguments are those of live.py, such as --transcripts FOLDER
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=lib.sh
. "$here/lib.sh"
root=$here/../..
programs=$1; shift
"$here/prepare.sh"
bin=$(prometheus_home)/root/usr/bin
export PYTHONDONTWRITEBYTECODE=1

python3 "$root/tools/dashboards/generate.py" --check
"$bin/promtool" check rules "$root"/helm/forebay/alerts/*.yaml > /dev/null
"$bin/promtool" test rules "$here"/rules/*.yaml
python3 "$here/runbooks.py" "$programs/forebay"
python3 "$here/live.py" --programs "$programs" --prometheus "$bin/prometheus" "$@"
