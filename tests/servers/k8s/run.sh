#!/usr/bin/env bash
# Starts a real Kubernetes control plane on 127.0.0.1 in the foreground: etcd, kube-apiserver, controller-manager and
# scheduler, built from their Go modules; and kwok, which plays nodes and the cloud: pods are scheduled, become ready,
# complete (those of jobs) and end, but nothing in them runs; claims get volumes, balancers get addresses.
#   KUBE_PORT   the API's port; the others take the next four     (default 16443)
#   NODES       how many nodes kwok plays, each in a zone          (default 3)
#   DATA        data folder, kept                                  (default: a fresh temp folder, removed at exit)
#   SUPERVISED  when set, the end of standard input stops it all
# It prints `READY` and the path of a kubeconfig once the API serves.
#   ./run.sh prepare   only builds: some 20 minutes of CPU when Go's cache is cold
#   ./run.sh home      only says where bin/kube, bin/kwok and crds/ are
#   ./run.sh helm      builds helm alone, which needs none of it, and says where it is
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=../lib.sh
. "$here/../lib.sh"
# shellcheck source=versions
. "$here/versions"

make_helm() { GOBIN=$1 go install -trimpath -ldflags='-s -w' "helm.sh/helm/v3/cmd/helm@v$helm" >&2; }
if [ "${1:-}" = helm ]; then
  home=$(servers_home helm "$here/versions")
  prepare_once "$home" make_helm
  echo "$home/helm"
  exit 0
fi
home=$(servers_home k8s "$here"/{main.go,go.mod,go.sum,versions,crds/pom.xml})
[ "${1:-}" = home ] && { echo "$home"; exit 0; }

# module MODULE@VERSION: where Go has unpacked it.
module() { go mod download -json "$1" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p'; }

# The control plane as one program. What it says of its version is what clients go by.
build_kube() {
  local version from=k8s.io/component-base/version
  version=$(sed -n 's/^\tk8s\.io\/kubernetes \(v.*\)$/\1/p' "$here/go.mod")
  (cd "$here" && go build -mod=readonly -trimpath -o "$1/kube" -ldflags "-s -w -X $from.gitVersion=$version \
    -X $from.gitMajor=1 -X $from.gitMinor=$(cut -d. -f2 <<< "$version")" .) >&2
}

# Definitions of the resources that the chart has for operators, as those operators install them.
lay_out_crds() {
  local name folder kinds kind
  while read -r name folder kinds; do
    [ -n "$name" ] || continue
    for kind in $kinds; do cp "$(module "$name")/$folder/$kind.yaml" "$1/"; done
  done <<< "$crd_modules"
  awk -v RS='---\n' '/\n  name: elasticsearches\.elasticsearch\.k8s\.elastic\.co\n/' \
    "$(module "$eck")/config/crds/v1/all-crds.yaml" > "$1/elasticsearches.yaml"
  fetch_jars "$here/crds/pom.xml" "$1/jars"
  local classes=()
  for kind in $strimzi_kinds; do classes+=("io.strimzi.api.kafka.model.$kind=$1/strimzi-${kind#*.}.yaml"); done
  "$(find_jdk 21)/bin/java" -cp "$1/jars/*" io.strimzi.crdgenerator.CrdGenerator --yaml --target-kube 1.30+ \
    --crd-api-version v1 "${classes[@]}" >&2
  rm -r "$1/jars"
  chmod u+w "$1"/*
}

layout() {
  echo 'that is a whole Kubernetes: some 20 minutes of CPU when nothing of it was ever built here' >&2
  mkdir -p "$1/bin" "$1/crds"
  # First what takes seconds: if it fails, it does so before the long part.
  lay_out_crds "$1/crds"
  build_kube "$1/bin"
  GOBIN=$1/bin go install -trimpath -ldflags='-s -w' "sigs.k8s.io/kwok/cmd/kwok@v$kwok" >&2
  local stages file
  stages=$(module "sigs.k8s.io/kwok@v$kwok")/kustomize/stage
  for file in "$stages"/{node/fast,node/heartbeat-with-lease,pod/fast,volume/fast}/*.yaml; do
    case $file in */kustomization.yaml | */storage-class.yaml) ;; *) cat "$file"; echo '---' ;; esac
  done > "$1/stages.yaml"
  cp "$stages/volume/fast/storage-class.yaml" "$1/"
  chmod u+w "$1/storage-class.yaml"
}
prepare_once "$home" layout
if [ "${1:-}" = prepare ]; then exit 0; fi

port=${KUBE_PORT:-16443} kube=$home/bin/kube
choose_data
pids=()
start() {   # start NAME COMMAND...
  local name=$1; shift
  "$@" < /dev/null > "$data/$name.log" 2>&1 &
  pids+=($!)
}
stop() {    # the newest first; an API server waits for its watches, and is not waited for longer than 5 s
  local i alive
  trap - EXIT TERM INT
  for ((i = ${#pids[@]} - 1; i >= 0; i--)); do kill -TERM "${pids[i]}" 2>/dev/null || true; done
  for _ in $(seq 50); do
    alive=''
    for i in "${pids[@]}"; do if kill -0 "$i" 2>/dev/null; then alive=1; fi; done
    [ -n "$alive" ] || break
    sleep 0.1
  done
  [ ${#pids[@]} = 0 ] || kill -KILL "${pids[@]}" 2>/dev/null || true
  wait "${pids[@]}" 2>/dev/null || true
  [ "$keep" = 1 ] || rm -rf "$data"
}
trap stop EXIT
trap 'exit 143' TERM INT
# until_true WHAT COMMAND...: waits for up to a minute.
until_true() {
  local what=$1; shift
  for _ in $(seq 300); do "$@" > /dev/null 2>&1 && return 0; sleep 0.2; done
  echo "$what does not come up; the end of its log:" >&2
  tail -n 5 "$data/$what.log" >&2
  return 1
}

[ -f "$data/sa.key" ] || openssl genrsa -out "$data/sa.key" 2048 2>/dev/null
token=$(openssl rand -hex 24)
(umask 077; echo "$token,admin,admin,system:masters" > "$data/tokens.csv")

# It forgets everything at its end: what it has need not be on the disk.
start etcd "$kube" etcd --name=one --data-dir="$data/etcd" --unsafe-no-fsync --log-level=error \
  --listen-client-urls="http://127.0.0.1:$((port + 1))" --advertise-client-urls="http://127.0.0.1:$((port + 1))" \
  --listen-peer-urls="http://127.0.0.1:$((port + 2))" --initial-advertise-peer-urls="http://127.0.0.1:$((port + 2))" \
  --initial-cluster="one=http://127.0.0.1:$((port + 2))"
start apiserver "$kube" apiserver --etcd-servers="http://127.0.0.1:$((port + 1))" --bind-address=127.0.0.1 \
  --secure-port="$port" --cert-dir="$data/certs" --token-auth-file="$data/tokens.csv" --authorization-mode=RBAC \
  --service-account-issuer=https://kubernetes.default.svc --service-account-key-file="$data/sa.key" \
  --service-account-signing-key-file="$data/sa.key" --service-cluster-ip-range=10.96.0.0/16 \
  --enable-admission-plugins=PodSecurity
until_true apiserver test -s "$data/certs/apiserver.crt"
export KUBECONFIG=$data/kubeconfig
(umask 077; cat > "$KUBECONFIG") <<K
apiVersion: v1
kind: Config
clusters: [{name: local, cluster: {server: "https://127.0.0.1:$port", certificate-authority: "$data/certs/apiserver.crt"}}]
users: [{name: admin, user: {token: "$token"}}]
contexts: [{name: local, context: {cluster: local, user: admin}}]
current-context: local
K
until_true apiserver "$kube" kubectl get --raw /readyz
# A node that is played can't be lost, and its pods would not become ready again: its silence means nothing.
start controller-manager "$kube" controller-manager --kubeconfig="$KUBECONFIG" --use-service-account-credentials \
  --service-account-private-key-file="$data/sa.key" --root-ca-file="$data/certs/apiserver.crt" \
  --bind-address=127.0.0.1 --secure-port=$((port + 3)) --cert-dir="$data/controller-manager" \
  --horizontal-pod-autoscaler-sync-period=2s --node-monitor-grace-period=24h
start scheduler "$kube" scheduler --kubeconfig="$KUBECONFIG" --bind-address=127.0.0.1 --secure-port=$((port + 4)) \
  --cert-dir="$data/scheduler"
# The class of volumes that kwok provides; claims that name none get it.
"$kube" kubectl apply -f "$home/storage-class.yaml" > /dev/null
start kwok "$home/bin/kwok" --kubeconfig="$KUBECONFIG" --manage-all-nodes=true --config="$home/stages.yaml" \
  --config="$here/balancers.yaml"
for i in $(seq "${NODES:-3}"); do
  cat <<N
apiVersion: v1
kind: Node
metadata:
  name: node-$i
  labels: {kubernetes.io/hostname: node-$i, topology.kubernetes.io/zone: zone-$i}
  annotations: {kwok.x-k8s.io/node: fake}
status:
  allocatable: {cpu: "64", memory: 512Gi, pods: "200"}
  capacity: {cpu: "64", memory: 512Gi, pods: "200"}
---
N
done | "$kube" kubectl apply -f - > /dev/null
if [ -n "${SUPERVISED:-}" ]; then
  main=$$
  exec 8<&0
  (trap - EXIT TERM INT; while read -r _; do :; done; kill -TERM "$main") <&8 2>/dev/null &
  exec 8<&-
fi
echo "READY $KUBECONFIG"
# One that ends by itself ends all.
wait -n "${pids[@]}"
