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
{{- if and (not .Values.image.registry) (ne .Values.image.pullPolicy "Never") -}}
{{- $unnamed := list -}}
{{- range $binary := .Values.dev.enabled | ternary (list "forebay") (list "forebay" "forebay-ingest" "forebay-parser" "forebay-indexer" "forebay-replay") -}}
{{- $image := include "forebay.image" (dict "root" $ "binary" $binary) -}}
{{- /* A first part with a dot or a port in it is a registry. */ -}}
{{- if not (regexMatch "^([^/]*[.:][^/]*|localhost)/" $image) -}}{{- $unnamed = append $unnamed $image -}}{{- end -}}
{{- end -}}
{{- if $unnamed -}}
{{- $wrong = append $wrong (printf "image.registry: name the registry that has the images, since there is no public one: as it stands, nodes would ask docker.io for %s" (join ", " $unnamed)) -}}
{{- end -}}
{{- end -}}
{{- /* A misspelt condition would let letters through that nobody meant, and an empty one none: the program refuses both. */ -}}
{{- if hasKey (include "forebay.jobs" . | fromJson) "replay" -}}
{{- $options := splitList " " "all at_least_once dry_run error_type id like limit max_replays parked passing rate reason rule since source stage tenant to unaudited until" -}}
{{- range $name, $value := .Values.replay.options -}}
{{- if has $name (list "run" "token_file") -}}
{{- $wrong = append $wrong (printf "replay.options.%s: the chart says that itself; leave it out" $name) -}}
{{- else if not (has $name $options) -}}
{{- $wrong = append $wrong (printf "replay.options.%s: forebay-replay has no such option, but these: %s" $name (join ", " $options)) -}}
{{- else if eq (toString $value) "" -}}
{{- $wrong = append $wrong (printf "replay.options.%s: it is empty; give it a value, or leave it out" $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- /* Secrets. */ -}}
{{- range $name, $value := $settings.kafka.properties -}}
{{- if and (regexMatch "password|secret|\\.pem$|\\.key$|sasl\\.jaas|oauthbearer\\.config" $name) (not (hasPrefix "file:" $value)) -}}
{{- $wrong = append $wrong (printf "config.kafka.properties.%s: secrets are not written here; name a file, as in `file:/etc/forebay/kafka/password`, and its Secret in secrets.kafka.name" $name) -}}
{{- end -}}
{{- end -}}
{{- range include "forebay.named-files" (dict "at" "config" "of" .Values.config) | fromJsonArray -}}
{{- if not (get $.Values.secrets .secret).name -}}
{{- $wrong = append $wrong (printf "%s: it names a file of a Secret that isn't given; set secrets.%s.name" .at .secret) -}}
{{- end -}}
{{- end -}}
{{- range $variable := .Values.env -}}
{{- range include "forebay.named-files" (dict "at" "env" "of" (default "" $variable.value)) | fromJsonArray -}}
{{- if not (get $.Values.secrets .secret).name -}}
{{- $wrong = append $wrong (printf "env: %s names a file of a Secret that isn't given; set secrets.%s.name" $variable.name .secret) -}}
{{- end -}}
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
{{- range $listener := $exposed -}}
{{- $own := eq .name "http" | ternary (dict "plain" $settings.ingest.plain) (get $settings.ingest.listeners .name) -}}
{{- $tls := or $settings.ingest.tls.certificate_file (dig "tls" "certificate_file" "" $own) -}}
{{- if not (or (eq .transport "UDP") $own.plain $tls) -}}
{{- $place := eq .name "http" | ternary "config.ingest.plain" (printf "config.ingest.listeners.%s.plain" .name) -}}
{{- $wrong = append $wrong (printf "%s: nothing that is sent there is encrypted; name the Secret with a certificate in secrets.tls.name, or write `true` if it has to be so" $place) -}}
{{- end -}}
{{- end -}}
{{- if and $exposed (not $settings.ingest.access_file) -}}
{{- $wrong = append $wrong "secrets.access.name: name the Secret with the access file, since others than this pod may send" -}}
{{- end -}}
{{- $asking := list -}}
{{- range $job, $of := include "forebay.jobs" . | fromJson -}}
{{- if eq $of.shows "token" -}}{{- $asking = append $asking $job -}}{{- end -}}
{{- end -}}
{{- if and $asking (or $settings.telemetry.access_file $settings.ingest.access_file) (not .Values.secrets.token.name) -}}
{{- $wrong = append $wrong (printf "secrets.token.name: name the Secret with a token of the role `admin` (`forebay token create --role admin`), which these show: %s; or switch them off. To look, a token of the role `read` will do, in secrets.reader.name" (join ", " $asking)) -}}
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
{{- /* Which listeners speak HTTP to other pods, and whether each has a Service. */ -}}
{{- $http := dict -}}
{{- range $listener := $exposed -}}
{{- if eq .protocol "http" -}}{{- $_ := set $http .name (include "forebay.service" (dict "root" $ "listener" $listener) | fromJson).enabled -}}{{- end -}}
{{- end -}}
{{- if .Values.ingress.enabled -}}
{{- range .Values.ingress.hosts -}}
{{- $listener := default "http" .listener -}}
{{- if not (hasKey $http $listener) -}}
{{- $wrong = append $wrong (printf "ingress.hosts: `%s` is no listener that speaks HTTP to other pods" $listener) -}}
{{- else if not (get $http $listener) -}}
{{- $wrong = append $wrong (printf "ingress.hosts: the listener `%s` has no Service that the Ingress could lead to; set services.%s.enabled" $listener $listener) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if or .Values.routes.http.enabled .Values.routes.grpc.enabled -}}
{{- if not (hasKey $http "http") -}}
{{- $wrong = append $wrong "routes: config.ingest.listen is on loopback, where no gateway reaches it" -}}
{{- else if not $http.http -}}
{{- $wrong = append $wrong "routes: the listener `http` has no Service that a route could lead to; set services.http.enabled" -}}
{{- end -}}
{{- end -}}
{{- /* Names: a StatefulSet's and 11 characters more are a label of its pods, which has 63. */ -}}
{{- range .Values.dev.enabled | ternary list .Values.mirrored -}}
{{- $name := printf "%s-indexer-%s" (include "forebay.fullname" $) . -}}
{{- if gt (len $name) 52 -}}
{{- $wrong = append $wrong (printf "mirrored: for the region %s indexers would be `%s`, of %d characters, and 52 is the most; set fullnameOverride to a name of at most %d" . $name (len $name) (sub 43 (len .))) -}}
{{- end -}}
{{- end -}}
{{- if and .Values.eck.enabled (gt (len (include "forebay.fullname" .)) 36) -}}
{{- $wrong = append $wrong "eck.enabled: Elastic's operator takes names of at most 36 characters; set fullnameOverride to one" -}}
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
{{- if and (eq $scaling.by "metric") (eq $tier "indexer") $.Values.mirrored -}}
{{- $own := list $settings.kafka.topics.events $settings.indexer.group -}}
{{- $told := false -}}
{{- range $scaling.metric.selector -}}{{- $told = or $told (has . $own) -}}{{- end -}}
{{- if not $told -}}
{{- $wrong = append $wrong (printf "indexer.autoscaling.metric.selector: with `mirrored`, tell the lag of this region's indexers from the others' by a label whose value is %s; theirs follow from it" (join " or " $own)) -}}
{{- end -}}
{{- end -}}
{{- if gt (int $scaling.min) (int $scaling.max) -}}
{{- $wrong = append $wrong (printf "%s.autoscaling: min is more than max" $tier) -}}
{{- end -}}
{{- end -}}
{{- if and (not .Values.dev.enabled) (has "lag" (list .Values.parser.autoscaling.by .Values.indexer.autoscaling.by)) -}}
{{- $protocol := get $settings.kafka.properties "security.protocol" | default "" | toString | upper -}}
{{- $given := keys .Values.keda.metadata -}}
{{- range .Values.keda.secretTargetRef -}}{{- $given = append $given .parameter -}}{{- end -}}
{{- $by := "where autoscaling goes by lag, KEDA asks Kafka, and config.kafka.properties asks for" -}}
{{- if and (hasPrefix "SASL" $protocol) (not (has "sasl" $given)) -}}
{{- $wrong = append $wrong (printf "keda.metadata.sasl: %s SASL; write its mechanism, as in `scram_sha512`" $by) -}}
{{- end -}}
{{- $mechanism := get .Values.keda.metadata "sasl" | default "plaintext" -}}
{{- if and (hasPrefix "SASL" $protocol) (or (eq $mechanism "plaintext") (hasPrefix "scram" $mechanism)) (not (and (has "username" $given) (has "password" $given))) -}}
{{- $wrong = append $wrong (printf "keda.secretTargetRef: %s a user; name the Secrets with its `username` and `password`" $by) -}}
{{- end -}}
{{- if and (hasSuffix "SSL" $protocol) (not (has "tls" $given)) -}}
{{- $wrong = append $wrong (printf "keda.metadata.tls: %s TLS; write `enable`" $by) -}}
{{- end -}}
{{- end -}}
{{- if and .Values.monitoring.podMonitor.enabled .Values.monitoring.serviceMonitor.enabled -}}
{{- $wrong = append $wrong "monitoring: podMonitor and serviceMonitor would count everything twice; take one" -}}
{{- end -}}
{{- if and .Values.strimzi.user.enabled (not .Values.strimzi.cluster) -}}
{{- $wrong = append $wrong "strimzi.cluster: name the Kafka resource" -}}
{{- end -}}
{{- if and .Values.strimzi.mirror.enabled (hasPrefix "SASL" (get $settings.kafka.properties "security.protocol" | default "" | toString | upper)) (not (dig "target" "authentication" nil .Values.strimzi.mirror)) -}}
{{- $wrong = append $wrong "strimzi.mirror.target.authentication: config.kafka.properties asks for SASL, and what mirrors writes into the same Kafka; say how it logs in there" -}}
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

{{/*
Which files of mounted Secrets are named, and where, in some values: a JSON list of at and secret, for a text, or whatever texts are in.

forebay.named-files (dict "at" "config" "of" .Values.config)
*/}}
{{- define "forebay.named-files" -}}
{{- $found := list -}}
{{- if kindIs "map" .of -}}
{{- range $key, $value := .of -}}
{{- $found = concat $found (include "forebay.named-files" (dict "at" (printf "%s.%s" $.at $key) "of" $value) | fromJsonArray) -}}
{{- end -}}
{{- else if kindIs "slice" .of -}}
{{- range .of -}}
{{- $found = concat $found (include "forebay.named-files" (dict "at" $.at "of" .) | fromJsonArray) -}}
{{- end -}}
{{- else if kindIs "string" .of -}}
{{- with regexFind "^(file:)?/etc/forebay/(access|tls|kafka|search|token|reader|traces)/" .of -}}
{{- $found = append $found (dict "at" $.at "secret" (base .)) -}}
{{- end -}}
{{- end -}}
{{- toJson $found -}}
{{- end -}}
