{{/*
The pod of a job: one program that runs to its end, unless `restart` says otherwise.

forebay.job-pod (dict "root" $ "tier" "replay" "values" .Values.replay "binary" "forebay-replay" "args" (list) "env" (list)
  "reads" (list "kafka") "settings" "name of another ConfigMap" "restart" "Always" "annotations" (dict))
*/}}
{{- define "forebay.job-pod" -}}
{{- $root := .root -}}
{{- $storage := include "forebay.storage" (dict "root" $root "reads" .reads "own" dict "settings" .settings) | fromJson -}}
metadata:
  labels:
    {{- include "forebay.labels" $root | nindent 4 }}
    app.kubernetes.io/component: {{ .tier }}
    forebay/tier: {{ .tier }}
  {{- with .annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  restartPolicy: {{ default "Never" .restart }}
  serviceAccountName: {{ include "forebay.account" (dict "root" $root "tier" .tier) }}
  automountServiceAccountToken: false
  enableServiceLinks: false
  terminationGracePeriodSeconds: {{ default 30 .grace }}
  securityContext:
    {{- include "forebay.pod-security" $root | nindent 4 }}
  {{- with include "forebay.placement" (dict "root" $root "values" .values) | trim }}
  {{- . | nindent 2 }}
  {{- end }}
  containers:
    - name: {{ .tier }}
      {{- include "forebay.program" (dict "root" $root "binary" .binary "args" .args "env" .env) | nindent 6 }}
      resources:
        {{- toYaml .values.resources | nindent 8 }}
      securityContext:
        {{- include "forebay.container-security" $root | nindent 8 }}
      volumeMounts:
        {{- toYaml $storage.mounts | nindent 8 }}
  volumes:
    {{- toYaml $storage.volumes | nindent 4 }}
{{- end -}}

{{/*
What becomes of a Job whose program fails. 2: wrong arguments, 77: another token is needed, 78: wrong settings. No new start mends
these. The name of the container is given.
*/}}
{{- define "forebay.job-failures" -}}
podFailurePolicy:
  rules:
    - action: FailJob
      onExitCodes: {containerName: {{ . }}, operator: In, values: [2, 77, 78]}
    - action: Ignore
      onPodConditions: [{type: DisruptionTarget, status: "True"}]
{{- end -}}

{{/*
What runs beside the tiers, jobs and tools, by name, as JSON: `reads` as forebay.storage has it; `to`, what it may reach; and `shows`, the
Secret whose token it shows. Accounts, policies, and the question whether there is a token go by this. Bootstrap comes before the release, and
makes its own.
*/}}
{{- define "forebay.jobs" -}}
{{- $jobs := dict -}}
{{- if not .Values.dev.enabled -}}
{{- /* To count, the role `read` is enough. */ -}}
{{- $reader := .Values.secrets.reader.name | empty | ternary "token" "reader" -}}
{{- if .Values.replay.enabled -}}
{{- $_ := set $jobs "replay" (dict "reads" (list "access" "kafka" "token" "rules") "to" (list "kafka") "shows" "token") -}}
{{- end -}}
{{- if .Values.deadLetters.report.enabled -}}
{{- $_ := set $jobs "dead-letters" (dict "reads" (list "access" "kafka" $reader) "to" (list "kafka") "shows" $reader) -}}
{{- end -}}
{{- if include "forebay.retains" . -}}
{{- $_ := set $jobs "retention" (dict "reads" (list "access" "kafka" "search" "token") "to" (list "kafka" "search") "shows" "token") -}}
{{- end -}}
{{- if .Values.tools.enabled -}}
{{- $_ := set $jobs "tools" (dict "reads" (list "access" "kafka" "search" "rules") "to" (list "kafka" "search" "tiers")
  "shows" (eq .Values.tools.role "admin" | ternary "token" $reader)) -}}
{{- end -}}
{{- end -}}
{{- toJson $jobs -}}
{{- end -}}

{{/* The arguments by which a job shows its token, where there is one, as JSON: forebay.shown (dict "root" $ "shows" "reader") */}}
{{- define "forebay.shown" -}}
{{- $secret := get .root.Values.secrets .shows -}}
{{- $secret.name | empty | ternary list (list "--token-file" (printf "/etc/forebay/%s/%s" .shows $secret.key)) | toJson -}}
{{- end -}}
