{{/*
The pod of a job: one program that runs to its end.

forebay.job-pod (dict "root" $ "tier" "replay" "values" .Values.replay "binary" "forebay-replay" "args" (list) "env" (list)
  "reads" (list "kafka") "settings" "name of another ConfigMap")
*/}}
{{- define "forebay.job-pod" -}}
{{- $root := .root -}}
{{- $storage := include "forebay.storage" (dict "root" $root "reads" .reads "own" dict "settings" .settings) | fromJson -}}
metadata:
  labels:
    {{- include "forebay.labels" $root | nindent 4 }}
    app.kubernetes.io/component: {{ .tier }}
    forebay/tier: {{ .tier }}
spec:
  restartPolicy: Never
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
