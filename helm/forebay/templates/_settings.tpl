{{/*
The settings: what the values say, what the chart adds, and what follows from them.

What the programs take when nothing is said stands in files/defaults.json, which is generated from their types. So the chart
computes with the same defaults as they do.
*/}}

{{/* What is written into forebay.yaml: `config`, and the places of the Secrets that the values name. As JSON. */}}
{{- define "forebay.written" -}}
{{- $config := deepCopy .Values.config -}}
{{- $ingest := default dict $config.ingest -}}
{{- $_ := set $config "ingest" $ingest -}}
{{- /* What has to be said stands in the values as an empty text, and isn't needed where everything is in one pod. */ -}}
{{- range $section, $key := dict "kafka" "bootstrap_servers" "search" "url" -}}
{{- if not (dig $section $key "" $config) -}}
{{- $_ := set $config $section (omit (get $config $section | default dict) $key) -}}
{{- end -}}
{{- end -}}
{{- $secrets := .Values.secrets -}}
{{- if and $secrets.access.name (not $ingest.access_file) -}}
{{- $_ := set $ingest "access_file" (printf "/etc/forebay/access/%s" $secrets.access.key) -}}
{{- end -}}
{{- if and $secrets.tls.name (not (dig "tls" "certificate_file" "" $ingest)) -}}
{{- $tls := dict "certificate_file" "/etc/forebay/tls/tls.crt" "key_file" "/etc/forebay/tls/tls.key" -}}
{{- $_ := set $ingest "tls" (mergeOverwrite $tls (default dict $ingest.tls)) -}}
{{- end -}}
{{- if include "forebay.has-rules" . -}}
{{- $parser := default dict $config.parser -}}
{{- $_ := set $parser "rules" (mergeOverwrite (dict "folder" "/etc/forebay/rules") (default dict $parser.rules)) -}}
{{- $_ := set $config "parser" $parser -}}
{{- end -}}
{{- toJson $config -}}
{{- end -}}

{{/* All settings, those that nobody has set included. As JSON. */}}
{{- define "forebay.settings" -}}
{{- mergeOverwrite (.Files.Get "files/defaults.json" | fromJson) (include "forebay.written" . | fromJson) | toJson -}}
{{- end -}}

{{- define "forebay.has-rules" -}}
{{- if or .Values.rules.shipped .Values.rules.files .Values.rules.existingConfigMap -}}true{{- end -}}
{{- end -}}

{{/* A length of time, such as `1m 30s`, in whole seconds, rounded up. The units are those that the programs read. */}}
{{- define "forebay.seconds" -}}
{{- $units := dict -}}
{{- range $names, $seconds := dict
  "nanos nsec ns" 0.000000001 "usec us µs" 0.000001 "millis msec ms" 0.001 "seconds second secs sec s" 1.0
  "minutes minute mins min m" 60.0 "hours hour hrs hr h" 3600.0 "days day d" 86400.0 "weeks week wks wk w" 604800.0
  "months month M" 2630016.0 "years year yrs yr y" 31557600.0 -}}
{{- range splitList " " $names -}}{{- $_ := set $units . $seconds -}}{{- end -}}
{{- end -}}
{{- $total := 0.0 -}}
{{- range $part := regexFindAll "[0-9.]+\\s*[a-zA-Zµ]+" . -1 -}}
{{- $unit := regexFind "[a-zA-Zµ]+" $part -}}
{{- if not (hasKey $units $unit) -}}{{- fail (printf "config: `%s` is no unit of time" $unit) -}}{{- end -}}
{{- $total = addf $total (mulf (regexFind "[0-9.]+" $part | float64) (get $units $unit)) -}}
{{- end -}}
{{- ceil $total | int64 -}}
{{- end -}}

{{/* A size, such as `10GiB`, in bytes. */}}
{{- define "forebay.bytes" -}}
{{- $powers := dict "k" 1 "m" 2 "g" 3 "t" 4 "p" 5 "e" 6 -}}
{{- $unit := regexFind "[a-zA-Z]+" . | lower -}}
{{- $bytes := regexFind "[0-9.]+" . | float64 -}}
{{- range until (get $powers (substr 0 1 $unit) | int) -}}
{{- $bytes = mulf $bytes (contains "i" $unit | ternary 1024.0 1000.0) -}}
{{- end -}}
{{- ceil $bytes | int64 -}}
{{- end -}}

{{/* The port of an address. */}}
{{- define "forebay.port" -}}
{{- regexFind "[0-9]+$" . -}}
{{- end -}}

{{/* The host of a URL with its port, which is that of the scheme where none is written. */}}
{{- define "forebay.address" -}}
{{- $url := urlParse . -}}
{{- $port := regexFind ":[0-9]+$" $url.host | trimPrefix ":" | default (eq $url.scheme "https" | ternary "443" "80") -}}
{{- printf "%s:%s" (regexReplaceAll ":[0-9]+$" $url.host "") $port -}}
{{- end -}}

{{/* Whether only the pod itself reaches an address. */}}
{{- define "forebay.is-local" -}}
{{- if regexMatch "^(tcp://|udp://)?(127\\.|localhost|\\[::1\\]|unix)" . -}}true{{- end -}}
{{- end -}}

{{/*
Where events come in from other pods: a JSON list of name, port, transport, protocol and key, `http` first. `key` is its name as part
of a resource's.
*/}}
{{- define "forebay.listeners" -}}
{{- $ingest := (include "forebay.settings" . | fromJson).ingest -}}
{{- $all := dict "http" (dict "address" $ingest.listen "protocol" "http") -}}
{{- range $name, $listener := $ingest.listeners -}}
{{- $_ := set $all $name $listener -}}
{{- end -}}
{{- $found := list -}}
{{- range $name := concat (list "http") (without (keys $all | sortAlpha) "http") -}}
{{- $listener := get $all $name -}}
{{- if not (include "forebay.is-local" $listener.address) -}}
{{- $found = append $found (dict
  "name" $name "key" (include "forebay.dashed" $name) "protocol" $listener.protocol
  "transport" (hasPrefix "udp://" $listener.address | ternary "UDP" "TCP")
  "port" (include "forebay.port" $listener.address | int)) -}}
{{- end -}}
{{- end -}}
{{- toJson $found -}}
{{- end -}}

{{/*
The Service of a listener, as JSON: what the values say for all and for it, and the port that it has.

forebay.service (dict "root" $ "listener" (one of forebay.listeners))
*/}}
{{- define "forebay.service" -}}
{{- $services := .root.Values.services -}}
{{- $service := mergeOverwrite (deepCopy $services.defaults) (default dict (get $services .listener.name)) -}}
{{- $_ := set $service "port" (default .listener.port $service.port | int) -}}
{{- toJson $service -}}
{{- end -}}

{{/*
How long a pod may take to stop: until others have learned of it (`delay`), then what its tier promises to end within, by its
own settings, and what is left for the rest (`margin`). Ingest waits for requests, gives those up that are left (5 s), and then
for its producer, for as long again.
*/}}
{{- define "forebay.grace" -}}
{{- $settings := include "forebay.settings" .root | fromJson -}}
{{- $drain := dict -}}
{{- range $tier := list "ingest" "parser" "indexer" -}}
{{- $_ := set $drain $tier (include "forebay.seconds" (get $settings $tier).drain_timeout | int) -}}
{{- end -}}
{{- $_ := set $drain "ingest" (add (mul 2 $drain.ingest) 5) -}}
{{- $_ := set $drain "dev" (add $drain.ingest $drain.parser $drain.indexer) -}}
{{- $_ := set $drain "replay" (include "forebay.seconds" $settings.kafka.delivery_timeout | int) -}}
{{- $stop := .root.Values.shutdown -}}
{{- add (get $drain .tier) (eq .tier "ingest" | ternary $stop.delay 0) $stop.margin -}}
{{- end -}}

{{/*
The tiers, and the indexers of each mirrored region, as a JSON list: component, tier, and of those that read their topic and group; of a
region's, its name.
*/}}
{{- define "forebay.components" -}}
{{- $settings := include "forebay.settings" . | fromJson -}}
{{- $topics := $settings.kafka.topics -}}
{{- $found := list
  (dict "component" "ingest" "tier" "ingest")
  (dict "component" "parser" "tier" "parser" "topic" $topics.raw "group" $settings.parser.group)
  (dict "component" "indexer" "tier" "indexer" "topic" $topics.events "group" $settings.indexer.group) -}}
{{- range .Values.mirrored -}}
{{- $found = append $found (dict "component" (printf "indexer-%s" .) "tier" "indexer" "region" .
  "topic" (printf "%s.%s" . $topics.events) "group" (printf "%s-%s" $settings.indexer.group .)) -}}
{{- end -}}
{{- toJson $found -}}
{{- end -}}

{{/* Whether a job deletes indices: where there are terms, and Forebay itself is to keep to them. `dev` does without a job. */}}
{{- define "forebay.retains" -}}
{{- $retention := (include "forebay.settings" . | fromJson).search.retention -}}
{{- $acts := false -}}
{{- range $terms := concat (list $retention) (values (default dict $retention.tenants)) -}}
{{- with $terms -}}
{{- $acts = or $acts (not (empty .delete_after)) (not (empty .close_after)) -}}
{{- end -}}
{{- end -}}
{{- if and .Values.retention.enabled (not .Values.dev.enabled) (eq $retention.by "forebay") $acts -}}true{{- end -}}
{{- end -}}

{{/* The most pods of a tier that get a partition each: of parsers, each lane takes one. */}}
{{- define "forebay.most" -}}
{{- $settings := include "forebay.settings" .root | fromJson -}}
{{- $partitions := $settings.kafka.topics.partitions | int -}}
{{- $lanes := eq .tier "parser" | ternary (max 1 ($settings.parser.lanes | int)) 1 | int -}}
{{- max 1 (div (add $partitions $lanes -1) $lanes) -}}
{{- end -}}

{{/* forebay.clamped (dict "root" $ "tier" "parser" "replicas" 20): no more than have work; ingest has no such bound. */}}
{{- define "forebay.clamped" -}}
{{- if eq .tier "ingest" -}}
{{- .replicas -}}
{{- else -}}
{{- min .replicas (include "forebay.most" . | int) -}}
{{- end -}}
{{- end -}}
