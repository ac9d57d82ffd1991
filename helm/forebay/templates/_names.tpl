{{/* Names, labels and images. */}}

{{- define "forebay.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 39 | trimSuffix "-" -}}
{{- end -}}

{{/*
What all resources begin with, short enough for the longest ending: a CronJob has 52 characters, and `-dead-letters` 13 of them. A
StatefulSet has 52 too, since its name and 11 more become a label: for those of mirrored regions see _checks.tpl.
*/}}
{{- define "forebay.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 39 | trimSuffix "-" -}}
{{- else if contains (include "forebay.name" .) .Release.Name -}}
{{- .Release.Name | trunc 39 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "forebay.name" .) | trunc 39 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* A name of ours as part of a resource's: `syslog_udp` becomes `syslog-udp`. */}}
{{- define "forebay.dashed" -}}
{{- . | lower | replace "_" "-" | replace "." "-" -}}
{{- end -}}

{{/* What says which release a resource belongs to. */}}
{{- define "forebay.ours" -}}
app.kubernetes.io/name: {{ include "forebay.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "forebay.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{ include "forebay.ours" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: forebay
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* forebay.selector (dict "root" $ "component" "parser") */}}
{{- define "forebay.selector" -}}
{{ include "forebay.ours" .root }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{/* forebay.image (dict "root" $ "binary" "forebay-parser") */}}
{{- define "forebay.image" -}}
{{- $image := .root.Values.image -}}
{{- $own := default dict (get $image.of .binary) -}}
{{- $name := default (printf "%s/%s" $image.repository .binary) $own.name -}}
{{- $whole := list $image.registry $name | compact | join "/" -}}
{{- if $own.digest -}}
{{- printf "%s@%s" $whole $own.digest -}}
{{- else -}}
{{- printf "%s:%s" $whole (default .root.Chart.AppVersion $image.tag) -}}
{{- end -}}
{{- end -}}

{{- define "forebay.account" -}}
{{- $own := get .root.Values.serviceAccounts .tier | default dict -}}
{{- default (printf "%s-%s" (include "forebay.fullname" .root) .tier) $own.name -}}
{{- end -}}
