#!/usr/bin/env bash
# Builds the images of the Dockerfile's last stages with Debian's buildah, from programs that are built already, and starts each
# program in its image as the user that it runs as. Its first stages need images from a registry, and are left out.
#   BINARIES   the folder of the programs   (default: the debug build of CARGO_TARGET_DIR)
# Runs as root, on Debian, after `apt-get update`; nothing is installed.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
# shellcheck source=../servers/lib.sh
. "$here/../servers/lib.sh"
binaries=${BINARIES:-${CARGO_TARGET_DIR:-$root/target}/debug}
packages='buildah libgpgme11 libassuan0 libsubid4 libdevmapper1.02.1 golang-github-containers-common golang-github-containers-image'

make_buildah() {
  mkdir "$1/packages"
  # shellcheck disable=SC2086
  (cd "$1/packages" && apt-get download -o APT::Sandbox::User=root $packages > ../download.log 2>&1) || {
    cat "$1/download.log" >&2
    echo "Debian's packages can't be had: run \`apt-get update\`" >&2
    return 1
  }
  for package in "$1"/packages/*.deb; do dpkg-deb -x "$package" "$1/root"; done
  rm -r "$1/packages"
}
home=$(servers_home buildah "$here/run.sh")
prepare_once "$home" make_buildah

work=$(mktemp -d "${TMPDIR:-/tmp}/forebay-images.XXXXXX")
trap 'rm -rf "$work"' EXIT
printf '[storage]\ndriver = "vfs"\nrunroot = "%s/run"\ngraphroot = "%s/graph"\n' "$work" "$work" > "$work/storage.conf"
echo '{"default": [{"type": "insecureAcceptAnything"}]}' > "$work/policy.json"
export CONTAINERS_STORAGE_CONF=$work/storage.conf BUILDAH_ISOLATION=chroot
buildah() {
  LD_LIBRARY_PATH=$home/root/usr/lib/x86_64-linux-gnu "$home/root/usr/bin/buildah" "$@"
}
signed=(--signature-policy "$work/policy.json")

mkdir "$work/empty"
for name in forebay forebay-ingest forebay-parser forebay-indexer forebay-replay; do
  "$root/scripts/image-root" "$binaries/$name" "$work/build/roots/$name"
  buildah bud -q "${signed[@]}" --build-context "build=$work/build" --target "$name" -t "test/$name" -f "$root/Dockerfile" "$work/empty" > /dev/null
  container=$(buildah from "${signed[@]}" "localhost/test/$name")
  mounted=$(buildah mount "$container")
  said=$(buildah inspect --format '{{.OCIv1.Config.User}} {{index .OCIv1.Config.Entrypoint 0}}' "$container")
  [ "$said" = "65532:65532 /usr/bin/$name" ] || { echo "$name: the image says $said" >&2; exit 1; }
  chroot --userspec=65532:65532 "$mounted" "/usr/bin/$name" --version
  powers=$(find "$mounted" -perm /6000)
  [ -z "$powers" ] || { echo "$name: set-uid files: $powers" >&2; exit 1; }
  writable=$(find "$mounted" -perm -o+w ! -type l ! -path "$mounted/tmp")
  [ -z "$writable" ] || { echo "$name: everybody may write: $writable" >&2; exit 1; }
  [ ! -e "$mounted/bin/sh" ] || { echo "$name: there is a shell" >&2; exit 1; }
  grep -q '^libssl3 ' "$mounted/usr/share/sbom/debian.txt"
  # The largest of them would else fill a small disk.
  buildah rm "$container" > /dev/null
  buildah rmi "localhost/test/$name" > /dev/null
  rm -r "$work/build/roots/$name"
done
echo 'all images are built and start'
