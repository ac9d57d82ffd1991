{{/*
What is refused before anything is made of it. Everything that is wrong is told at once; no value is, since it may be what has
to be kept.
*/}}
{{- define "forebay.checks" -}}
{{- $settings := include "forebay.settings" . | fromJson -}}
{{- $wrong := list -}}
{{- if not .Values.dev.enabled -}}
{{- if not (dig "kafka" "bootstrap_servers" "" .Values.config) -}}
{{- $wrong = append $wrong "config.kafka.bootstrap_servers: say where Kafka is" -}}
{{- end -}}
{{- if not (dig "search" "url" "" .Values.config) -}}
{{- $wrong = append $wrong "config.search.url: say where Elasticsearch or OpenSearch is" -}}
{{- end -}}
{{- end -}}
{{- /* Secrets. */ -}}
{{- range $name, $value := $settings.kafka.properties -}}
{{- if and (regexMatch "password|secret|\\.pem$|\\.key$|sasl\\.jaas|oauthbearer\\.config" $name) (not (hasPrefix "file:" $value)) -}}
{{- $wrong = append $wrong (printf "config.kafka.properties.%s: secrets are not written here; name a file, as in `file:/etc/forebay/kafka/password`, and its Secret in secrets.kafka.name" $name) -}}
{{- end -}}
{{- end -}}
{{- $user := "://[^/]*@" -}}
{{- $query := "(?i)[?&][^=&#]*(pass|secret|token|key|credential|auth|signature)[^=&#]*=" -}}
{{- range $name, $value := $settings.kafka.properties -}}
{{- $text := toString $value -}}
{{- if and (not (hasPrefix "file:" $text)) (or (regexMatch $user $text) (regexMatch $query $text)) -}}
{{- $wrong = append $wrong (printf "config.kafka.properties.%s: there is a secret in this URL; name a file that holds it, as in `file:/etc/forebay/kafka/url`, and its Secret in secrets.kafka.name" $name) -}}
{{- end -}}
{{- end -}}
{{- if regexMatch $query $settings.search.url -}}
{{- $wrong = append $wrong "config.search.url: there is a secret in its query; set config.search.api_key_file, and secrets.search.name" -}}
{{- end -}}
{{- if regexMatch $query (default "" $settings.telemetry.traces.endpoint) -}}
{{- $wrong = append $wrong "config.telemetry.traces.endpoint: there is a secret in its query; set config.telemetry.traces.token_file, and secrets.traces.name" -}}
{{- end -}}
{{- if regexMatch $user $settings.search.url -}}
{{- $wrong = append $wrong "config.search.url: there is a user in it; set config.search.username and password_file, and secrets.search.name" -}}
{{- end -}}
{{- if regexMatch $user (default "" $settings.telemetry.traces.endpoint) -}}
{{- $wrong = append $wrong "config.telemetry.traces.endpoint: there is a user in it; set config.telemetry.traces.token_file, and secrets.traces.name" -}}
{{- end -}}
{{- range $i, $variable := .Values.env -}}
{{- if and (regexMatch "(?i)password|passwd|secret|token|api_?key|credential|_pem$" $variable.name) (hasKey $variable "value") -}}
{{- $wrong = append $wrong (printf "env: %s looks like a secret; give it by valueFrom.secretKeyRef" $variable.name) -}}
{{- else if or (regexMatch $user (default "" $variable.value)) (regexMatch $query (default "" $variable.value)) -}}
{{- $wrong = append $wrong (printf "env: there is a secret in the value of %s, as a user or in the query of a URL; give it by valueFrom.secretKeyRef" $variable.name) -}}
{{- end -}}
{{- end -}}
{{- with .Values.secrets.kafka.ingest -}}
{{- if and .username (not .name) -}}
{{- $wrong = append $wrong "secrets.kafka.ingest.name: a user of its own has a Secret of its own; name it" -}}
{{- end -}}
{{- $username := get $settings.kafka.properties "sasl.username" | default "" -}}
{{- if and .name (not .username) $username (not (hasPrefix "file:" $username)) -}}
{{- $wrong = append $wrong "secrets.kafka.ingest.username: say whose password is in secrets.kafka.ingest.name; config.kafka.properties.sasl.username is the others'" -}}
{{- end -}}
{{- end -}}
{{- /* What others have to reach. */ -}}
{{- range $tier, $address := $settings.telemetry.listen -}}
{{- if include "forebay.is-local" $address -}}
{{- $wrong = append $wrong (printf "config.telemetry.listen.%s: the node asks there whether the pod is well, so it can't be loopback; write `0.0.0.0:9600`" $tier) -}}
{{- end -}}
{{- end -}}
{{- $keys := list -}}
{{- range $name, $_ := $settings.ingest.listeners -}}
{{- $key := include "forebay.dashed" $name -}}
{{- if has $key (concat $keys (list "http" "telemetry")) -}}
{{- $wrong = append $wrong (printf "config.ingest.listeners.%s: another listener, or telemetry, has this name; `_` and `-` are the same here" $name) -}}
{{- end -}}
{{- if not (regexMatch "^[a-z]([a-z0-9-]{0,13}[a-z0-9])?$" $key) -}}
{{- $wrong = append $wrong (printf "config.ingest.listeners.%s: its name can't become that of a port: use at most 15 letters and digits, with `_` or `-` between" $name) -}}
{{- end -}}
{{- $keys = append $keys $key -}}
{{- end -}}
{{- $exposed := include "forebay.listeners" . | fromJsonArray -}}
{{- if and (not .Values.dev.enabled) (not $exposed) -}}
{{- $wrong = append $wrong "config.ingest: every listener is on loopback, where no shipper reaches it; write `0.0.0.0:8080`" -}}
{{- end -}}
{{- if and $exposed (not $settings.ingest.access_file) -}}
{{- $wrong = append $wrong "secrets.access.name: name the Secret with the access file, since others than this pod may send" -}}
{{- end -}}
{{- if and (not .Values.dev.enabled) (or $settings.telemetry.access_file $settings.ingest.access_file) (not .Values.secrets.token.name) -}}
{{- if or .Values.replay.enabled (and .Values.deadLetters.report.enabled (not .Values.secrets.reader.name)) (include "forebay.retains" .) -}}
{{- $wrong = append $wrong "secrets.token.name: name the Secret with a token of the role `admin` (`forebay token create --role admin`), which replays, retention and, without secrets.reader.name, reports of dead letters show; or switch those off" -}}
{{- end -}}
{{- end -}}
{{- if and (eq $settings.telemetry.metrics "token") (or .Values.monitoring.podMonitor.enabled .Values.monitoring.serviceMonitor.enabled) (not .Values.monitoring.token.name) -}}
{{- $wrong = append $wrong "monitoring.token.name: config.telemetry.metrics asks for a token; name the Secret from which Prometheus takes one" -}}
{{- end -}}
{{- $names := list -}}
{{- range $exposed -}}{{- $names = append $names .name -}}{{- end -}}
{{- range $name, $_ := omit .Values.services "defaults" -}}
{{- if not (has $name $names) -}}
{{- $wrong = append $wrong (printf "services.%s: there is no listener of this name that other pods reach: %s" $name (join ", " $names)) -}}
{{- end -}}
{{- end -}}
{{- $http := list -}}
{{- range $exposed -}}{{- if eq .protocol "http" -}}{{- $http = append $http .name -}}{{- end -}}{{- end -}}
{{- if .Values.ingress.enabled -}}
{{- range .Values.ingress.hosts -}}
{{- if not (has (default "http" .listener) $http) -}}
{{- $wrong = append $wrong (printf "ingress.hosts: `%s` is no listener that speaks HTTP to other pods" (default "http" .listener)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if and (or .Values.routes.http.enabled .Values.routes.grpc.enabled) (not (has "http" $http)) -}}
{{- $wrong = append $wrong "routes: config.ingest.listen is on loopback, where no gateway reaches it" -}}
{{- end -}}
{{- /* Scaling. */ -}}
{{- if not (or .Values.dev.enabled ($settings.parser.lanes | int)) -}}
{{- $wrong = append $wrong "config.parser.lanes: 0 is one for each core of a node, which nobody knows here, so that parsers would be scaled beyond the partitions; write as many as parser.resources gives a pod cores" -}}
{{- end -}}
{{- range $tier := list "ingest" "parser" "indexer" -}}
{{- $scaling := (get $.Values $tier).autoscaling -}}
{{- if and (eq $scaling.by "lag") (eq $tier "ingest") -}}
{{- $wrong = append $wrong "ingest.autoscaling.by: ingest has no lag; take `cpu`" -}}
{{- end -}}
{{- if and (eq $scaling.by "metric") (not $scaling.metric.name) -}}
{{- $wrong = append $wrong (printf "%s.autoscaling.metric.name: name the external metric" $tier) -}}
{{- end -}}
{{- if gt (int $scaling.min) (int $scaling.max) -}}
{{- $wrong = append $wrong (printf "%s.autoscaling: min is more than max" $tier) -}}
{{- end -}}
{{- end -}}
{{- if and .Values.monitoring.podMonitor.enabled .Values.monitoring.serviceMonitor.enabled -}}
{{- $wrong = append $wrong "monitoring: podMonitor and serviceMonitor would count everything twice; take one" -}}
{{- end -}}
{{- if and .Values.strimzi.user.enabled (not .Values.strimzi.cluster) -}}
{{- $wrong = append $wrong "strimzi.cluster: name the Kafka resource" -}}
{{- end -}}
{{- if and .Values.strimzi.user.enabled (eq .Values.bootstrap.as "hook") .Values.bootstrap.enabled -}}
{{- $wrong = append $wrong "bootstrap.as: take `job`: a hook runs before the KafkaUser whose password it needs" -}}
{{- end -}}
{{- with .Values.routes -}}
{{- range $host := .grpc.hostnames -}}
{{- if has $host $.Values.routes.http.hostnames -}}
{{- $wrong = append $wrong (printf "routes: %s is a host of both HTTP and gRPC, which gateways refuse" $host) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if $wrong -}}
{{- fail (printf "\n\nThe values can't be used:\n  - %s\n" (join "\n  - " $wrong)) -}}
{{- end -}}
{{- end -}}
