{{/*
A tier's pods, as a Deployment or a StatefulSet:

forebay.workload (dict "root" $ "tier" "parser" "component" "parser" "values" .Values.parser "binary" "forebay-parser"
  "reads" (list "kafka" "rules") "env" (list ...) "args" (list ...) "ports" (list ...) "own" (dict "volumes" ... "mounts" ...))
*/}}
{{- define "forebay.workload" -}}
{{- $root := .root -}}
{{- $values := .values -}}
{{- $settings := include "forebay.settings" $root | fromJson -}}
{{- $name := printf "%s-%s" (include "forebay.fullname" $root) .component -}}
{{- $storage := include "forebay.storage" (dict "root" $root "tier" .tier "reads" .reads "own" (default dict .own)) | fromJson -}}
{{- $stateful := eq $values.kind "StatefulSet" -}}
{{- $telemetry := include "forebay.port" (get $settings.telemetry.listen (eq .tier "dev" | ternary "ingest" .tier)) | int -}}
{{- $env := default list .env -}}
{{- if and $stateful (ne .tier "dev") -}}
{{- $env = prepend $env (dict "name" "FOREBAY__KAFKA__INSTANCE_ID" "valueFrom" (dict "fieldRef" (dict "fieldPath" "metadata.name"))) -}}
{{- end -}}
{{- /*
How many pods there are is the autoscaler's to say: a number here would undo with each upgrade what was scaled. But a number that a release had
and has no more is taken out of the cluster too, where it becomes 1. So what once had one keeps one, which is how many there are; and what
began without is marked, so that it goes on without.
*/ -}}
{{- $replicas := include "forebay.clamped" (dict "root" $root "tier" .tier "replicas" $values.replicas) -}}
{{- if (default dict $values.autoscaling).by -}}
{{- $there := lookup "apps/v1" $values.kind $root.Release.Namespace $name -}}
{{- $replicas = "" -}}
{{- if and $there (not (dig "metadata" "annotations" "forebay/replicas" "" $there)) -}}
{{- $replicas = $there.spec.replicas | int | toString -}}
{{- end -}}
{{- end -}}
apiVersion: apps/v1
kind: {{ $values.kind }}
metadata:
  name: {{ $name }}
  namespace: {{ $root.Release.Namespace }}
  labels:
    {{- include "forebay.labels" $root | nindent 4 }}
    app.kubernetes.io/component: {{ .component }}
  {{- if not $replicas }}
  annotations:
    forebay/replicas: autoscaler
  {{- end }}
spec:
  {{- with $replicas }}
  replicas: {{ . }}
  {{- end }}
  revisionHistoryLimit: 5
  {{- if $stateful }}
  serviceName: {{ $name }}-pods
  # A member of the group waits for no other: all start and stop at once, and a roll-out still goes one by one.
  podManagementPolicy: Parallel
  updateStrategy:
    type: RollingUpdate
  {{- with .claims }}
  volumeClaimTemplates:
    {{- toYaml . | nindent 4 }}
  persistentVolumeClaimRetentionPolicy: {whenDeleted: Retain, whenScaled: Retain}
  {{- end }}
  {{- else }}
  strategy:
    type: RollingUpdate
    rollingUpdate:
      {{- toYaml $values.rollingUpdate | nindent 6 }}
  {{- end }}
  selector:
    matchLabels:
      {{- include "forebay.selector" (dict "root" $root "component" .component) | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "forebay.labels" $root | nindent 8 }}
        app.kubernetes.io/component: {{ .component }}
        forebay/tier: {{ .tier }}
        {{- with $values.podLabels }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      annotations:
        # Settings are read at the start, so a change of them replaces the pods. Rules, the access file, certificates and
        # passwords of the store are read again while a pod runs: they stand elsewhere, and replace nothing.
        checksum/settings: {{ include "forebay.written" $root | sha256sum }}
        {{- with $values.podAnnotations }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    spec:
      serviceAccountName: {{ include "forebay.account" (dict "root" $root "tier" .tier) }}
      automountServiceAccountToken: false
      # Variables for every Service of the namespace could be taken for settings.
      enableServiceLinks: false
      terminationGracePeriodSeconds: {{ include "forebay.grace" (dict "root" $root "tier" .tier) }}
      securityContext:
        {{- include "forebay.pod-security" $root | nindent 8 }}
      {{- with include "forebay.placement" (dict "root" $root "values" $values) | trim }}
      {{- . | nindent 6 }}
      {{- end }}
      {{- include "forebay.apart" (dict "root" $root "values" $values "component" .component) | trim | nindent 6 }}
      containers:
        - name: {{ .tier }}
          {{- include "forebay.program" (dict "root" $root "binary" .binary "args" .args "env" $env) | nindent 10 }}
          ports:
            - {name: telemetry, containerPort: {{ $telemetry }}, protocol: TCP}
            {{- range .ports }}
            - {name: {{ .key }}, containerPort: {{ .port }}, protocol: {{ .transport }}}
            {{- end }}
          # Alive is what has no work or makes progress with it (telemetry.stall_after), whether or not Kafka is there.
          startupProbe:
            httpGet: {path: /livez, port: telemetry}
            periodSeconds: 2
            failureThreshold: 60
          livenessProbe:
            httpGet: {path: /livez, port: telemetry}
            periodSeconds: 10
            timeoutSeconds: 5
            failureThreshold: 3
          readinessProbe:
            httpGet: {path: /readyz, port: telemetry}
            periodSeconds: 5
            timeoutSeconds: 3
            failureThreshold: 2
          {{- if and (eq .tier "ingest") $root.Values.shutdown.delay }}
          lifecycle:
            preStop:
              # Until all who send here have learned that this pod is leaving.
              sleep: {seconds: {{ $root.Values.shutdown.delay }}}
          {{- end }}
          resources:
            {{- toYaml $values.resources | nindent 12 }}
          securityContext:
            {{- include "forebay.container-security" $root | nindent 12 }}
          volumeMounts:
            {{- toYaml $storage.mounts | nindent 12 }}
      volumes:
        {{- toYaml $storage.volumes | nindent 8 }}
{{- end -}}
