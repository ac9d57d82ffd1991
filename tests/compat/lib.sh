# What prepare.sh and client.sh share; sourced, never run. $here is the folder of tests/compat.
#
# As with the servers of the tests, a folder in the cache is named by what it was made from and appears by one rename: two that
# prepare at once can't harm each other, and a change of a version makes a new one.
# shellcheck source=../servers/lib.sh
. "$here/../servers/lib.sh"

# What is unpacked from Debian: the two loggers, their plugins, and the small libraries that only they need.
debian_packages='rsyslog rsyslog-relp rsyslog-elasticsearch rsyslog-gnutls libestr0 libfastjson4 liblognorm5 librelp0
  syslog-ng-core libivykis0 libnet1 libjson-c5 libpcre3 libwrap0'

# compat_home NAME: the folder of python, debian, or a client in Go.
compat_home() {
  local made_from
  case $1 in
    python) made_from=$(cat "$here/clients/requirements.txt") ;;
    debian) made_from=$debian_packages ;;
    *)
      made_from=$(cat "$here/clients/$1"/go.mod "$here/clients/$1"/*.go)
      ! grep -q compat/pacer <<< "$made_from" || made_from+=$(cat "$here"/pacer/*.go)
      ;;
  esac
  echo "${FOREBAY_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/forebay}/compat/$1-$(cksum <<< "$made_from" | cut -d' ' -f1)"
}

# A virtual environment can't be moved, so that its programs are called through its python.
make_python() {
  python3 -m venv "$1"
  "$1/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps -r "$here/clients/requirements.txt"
}

make_debian() {
  local package
  mkdir "$1/packages"
  # shellcheck disable=SC2086
  (cd "$1/packages" && apt-get download -o APT::Sandbox::User=root $debian_packages > ../download.log 2>&1) || {
    cat "$1/download.log" >&2
    echo "Debian's packages can't be had: run \`apt-get update\`" >&2
    return 1
  }
  for package in "$1"/packages/*.deb; do
    dpkg-deb -x "$package" "$1/root"
    dpkg-deb -W --showformat='${Package} ${source:Upstream-Version}\n' "$package" >> "$1/versions"
  done
  rm -r "$1/packages"
}

make_go() {
  (cd "$here/clients/$go_client" && go build -trimpath -o "$1/$go_client" .)
}
