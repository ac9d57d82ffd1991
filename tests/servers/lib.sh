# What the three run.sh share; sourced, never run. It needs bash and flock (util-linux).
#
# The jars are laid out in the user's cache, not in the clone, so that they stay warm from clone to clone. A folder
# there is named by what it was made from and appears by one rename, so two that prepare at once can't harm each other.
#   FOREBAY_CACHE   the cache   (default: ${XDG_CACHE_HOME:-$HOME/.cache}/forebay)
#
# A supervisor (forebay-testkit) steers a server by these:
#   PID_FILE        the server's own pid is written here
#   SUPERVISED      a folder: when standard input closes, the server is killed (-9) and that folder removed, since
#                   whoever held the pipe is gone, and nobody else knows of either

# servers_home NAME FILE...: the folder for a server that is made from these files.
servers_home() {
  local name=$1; shift
  echo "${FOREBAY_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/forebay}/servers/$name-$(cat "$@" | cksum | cut -d' ' -f1)"
}

# prepare_once HOME FUNCTION: calls FUNCTION with a folder to fill, unless HOME is there already.
prepare_once() {
  local home=$1 make=$2
  [ -d "$home" ] && return 0
  mkdir -p "$(dirname "$home")"
  exec 9>"$home.lock"
  flock 9
  if [ ! -d "$home" ]; then
    echo "preparing $(basename "$home"), once: this takes a minute" >&2
    rm -rf "$home.part"
    mkdir -p "$home.part"
    "$make" "$home.part"
    mv "$home.part" "$home"
  fi
  flock -u 9
  exec 9>&-
}

# fetch_jars POM FOLDER [mvn argument...]: lays out the runtime jars of a pom.
fetch_jars() {
  local pom=$1 to=$2; shift 2
  mvn -q -B -f "$pom" "$@" dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$to" < /dev/null >&2
}

# find_jdk MIN: the newest JDK >= MIN: $JDK, else among those beside the default one.
find_jdk() {
  local min=$1 beside home major best='' best_major=0
  if [ -n "${JDK:-}" ]; then echo "$JDK"; return; fi
  beside=$(dirname "$(dirname "$(dirname "$(readlink -f "$(command -v java || echo /usr/lib/jvm/none/bin/java)")")")")
  for home in "$beside"/*; do
    [ -L "$home" ] || [ ! -x "$home/bin/javac" ] && continue
    major=$(sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$home/release" 2>/dev/null)
    if [ "${major:-0}" -ge "$min" ] && [ "$major" -gt "$best_major" ]; then best=$home best_major=$major; fi
  done
  [ -n "$best" ] || { echo "no JDK >= $min found: install one, or set JDK=/path/to/jdk" >&2; return 1; }
  echo "$best"
}

# choose_data: sets $data, and $keep to 1 if it is to outlive the server.
choose_data() {
  if [ -n "${DATA:-}" ]; then mkdir -p "$DATA"; data=$(cd "$DATA" && pwd) keep=1
  else data=$(mktemp -d "${TMPDIR:-/tmp}/forebay-server.XXXXXX") keep=0; fi
}

# serve COMMAND...: runs the server until it ends or we are told to stop, then tidies up. Its exit code is ours.
serve() {
  local code=0 watchdog=
  exec 8<&0
  "$@" < /dev/null 8<&- &
  pid=$!
  trap 'kill -TERM $pid 2>/dev/null' TERM INT
  if [ -n "${PID_FILE:-}" ]; then echo "$pid" > "$PID_FILE.part" && mv "$PID_FILE.part" "$PID_FILE"; fi
  if [ -n "${SUPERVISED:-}" ]; then
    # The read ends when the other side of the pipe is closed, by a drop or by the supervisor's death.
    (trap - TERM INT; while read -r _; do :; done; touch "$SUPERVISED/.abandoned"; kill -KILL "$pid") <&8 2>/dev/null &
    watchdog=$!
  fi
  exec 8<&-
  # wait returns early when a signal comes, so it is asked again until the child is really gone.
  while kill -0 "$pid" 2>/dev/null; do wait "$pid" && code=0 || code=$?; done
  if [ -n "$watchdog" ]; then kill "$watchdog" 2>/dev/null || true; fi
  if [ -n "${SUPERVISED:-}" ] && [ -e "$SUPERVISED/.abandoned" ]; then rm -rf "$SUPERVISED"; fi
  if [ "$keep" = 0 ]; then rm -rf "$data"; fi
  exit "$code"
}
