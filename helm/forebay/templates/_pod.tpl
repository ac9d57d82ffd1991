{{/*
Pods. What all of them have in common is here: nobody's rights, nothing writable, secrets as files, all of it within Kubernetes'
`restricted` standard.
*/}}

{{- define "forebay.pod-security" -}}
runAsNonRoot: true
runAsUser: {{ .Values.user }}
runAsGroup: {{ .Values.user }}
fsGroup: {{ .Values.user }}
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "forebay.container-security" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{/*
The program, with its arguments and variables. The settings are an argument and no variable: who calls `forebay` in the pod of `dev` means
the running one.

forebay.program (dict "root" $ "binary" "forebay" "args" (list "bootstrap") "env" (list ...))
*/}}
{{- define "forebay.program" -}}
image: {{ include "forebay.image" (dict "root" .root "binary" .binary) }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
command:
  - /usr/bin/{{ .binary }}
  {{- with .args }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
  - --config
  - /etc/forebay/settings/forebay.yaml
{{- with concat (default list .env) .root.Values.env }}
env:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/*
Volumes and their mounts, as JSON: {volumes, mounts}. `reads` says which of `access`, `tls`, `kafka`, `search`, `token`, `reader`, `traces`
and `rules` the program has a use for; it gets no others, and as `tier` ingest a Secret of its own for Kafka, if there is one. A Secret is mounted as a folder and never as a single file, which would not change
when the Secret does.
*/}}
{{- define "forebay.storage" -}}
{{- $root := .root -}}
{{- $settings := default (printf "%s-settings" (include "forebay.fullname" $root)) .settings -}}
{{- $volumes := list
  (dict "name" "settings" "configMap" (dict "name" $settings))
  (dict "name" "tmp" "emptyDir" (dict "sizeLimit" "64Mi")) -}}
{{- $mounts := list
  (dict "name" "settings" "mountPath" "/etc/forebay/settings" "readOnly" true)
  (dict "name" "tmp" "mountPath" "/tmp") -}}
{{- range $name := list "access" "tls" "kafka" "search" "token" "reader" "traces" -}}
{{- $secret := get $root.Values.secrets $name -}}
{{- if and (eq $name "kafka") (eq (default "" $.tier) "ingest") $secret.ingest.name -}}
{{- $secret = $secret.ingest -}}
{{- end -}}
{{- if and (has $name $.reads) $secret.name -}}
{{- $volumes = append $volumes (dict "name" $name "secret" (dict "secretName" $secret.name "defaultMode" 288)) -}}
{{- $mounts = append $mounts (dict "name" $name "mountPath" (printf "/etc/forebay/%s" $name) "readOnly" true) -}}
{{- end -}}
{{- end -}}
{{- if and (has "rules" .reads) (include "forebay.has-rules" $root) -}}
{{- $rules := dict "name" (default (printf "%s-rules" (include "forebay.fullname" $root)) $root.Values.rules.existingConfigMap) -}}
{{- if not $root.Values.rules.existingConfigMap -}}
{{- /* Folders have to be laid out file by file. Without any, files may come and go while pods run. */ -}}
{{- $items := list -}}
{{- $folders := false -}}
{{- range $path, $_ := include "forebay.rules" $root | fromJson -}}
{{- $folders = or $folders (contains "/" $path) -}}
{{- $items = append $items (dict "key" (replace "/" "__" $path) "path" $path) -}}
{{- end -}}
{{- if $folders -}}{{- $_ := set $rules "items" $items -}}{{- end -}}
{{- end -}}
{{- $volumes = append $volumes (dict "name" "rules" "configMap" $rules) -}}
{{- $mounts = append $mounts (dict "name" "rules" "mountPath" "/etc/forebay/rules" "readOnly" true) -}}
{{- end -}}
{{- range default list .own.volumes -}}{{- $volumes = append $volumes . -}}{{- end -}}
{{- range default list .own.mounts -}}{{- $mounts = append $mounts . -}}{{- end -}}
{{- dict "volumes" $volumes "mounts" $mounts | toJson -}}
{{- end -}}

{{/* Rules by path, the chart's own and those of the values, which win. As JSON. */}}
{{- define "forebay.rules" -}}
{{- $rules := dict -}}
{{- range $name := .Values.rules.shipped -}}
{{- $text := $.Files.Get (printf "rules/%s" $name) -}}
{{- if not $text -}}{{- fail (printf "rules.shipped: no rule `%s` comes with Forebay" $name) -}}{{- end -}}
{{- $_ := set $rules $name $text -}}
{{- end -}}
{{- mergeOverwrite $rules .Values.rules.files | toJson -}}
{{- end -}}

{{/* Where pods go, from the values of a tier, or the job's. */}}
{{- define "forebay.placement" -}}
{{- $values := .values -}}
{{- with default .root.Values.priorityClassName $values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with default .root.Values.nodeSelector $values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with default .root.Values.tolerations $values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* Pods of a tier are kept apart: over zones, and over nodes. */}}
{{- define "forebay.apart" -}}
{{- $values := .values -}}
{{- if $values.topologySpreadConstraints }}
topologySpreadConstraints:
  {{- toYaml $values.topologySpreadConstraints | nindent 2 }}
{{- else }}
topologySpreadConstraints:
  {{- range $key := list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
  - maxSkew: 1
    topologyKey: {{ $key }}
    whenUnsatisfiable: {{ $.root.Values.spread }}
    {{- if eq $values.kind "Deployment" }}
    # Each roll-out is spread by itself, and not against the pods that it replaces.
    matchLabelKeys: [pod-template-hash]
    {{- end }}
    labelSelector:
      matchLabels:
        {{- include "forebay.selector" (dict "root" $.root "component" $.component) | nindent 8 }}
  {{- end }}
{{- end }}
{{- with $values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}
