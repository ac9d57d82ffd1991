# What prepare.sh and run.sh share; sourced, never run. $here is the folder of tests/alerts.
# shellcheck source=../servers/lib.sh
. "$here/../servers/lib.sh"

# One package: Prometheus with promtool. Its pages for browsers, which lie in others, aren't needed.
package=prometheus

prometheus_home() {
  echo "${FOREBAY_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/forebay}/alerts/$package-$(cksum <<< "$package" | cut -d' ' -f1)"
}

make_prometheus() {
  mkdir "$1/packages"
  (cd "$1/packages" && apt-get download -o APT::Sandbox::User=root "$package" > ../download.log 2>&1) || {
    cat "$1/download.log" >&2
    echo "Debian's package $package can't be had: run \`apt-get update\`" >&2
    return 1
  }
  dpkg-deb -x "$1"/packages/*.deb "$1/root"
  rm -r "$1/packages"
}
