{{/*
Who may speak to whom. `forebay.policy` is the spec of a policy for the pods of one tier:

forebay.policy (dict "root" $ "tier" "indexer" "telemetry" true "listeners" false "to" (list "kafka" "search" "traces" "tiers"))
*/}}
{{- define "forebay.policy" -}}
{{- $root := .root -}}
{{- $policy := $root.Values.networkPolicy -}}
{{- $settings := include "forebay.settings" $root | fromJson -}}
podSelector:
  matchLabels:
    {{- include "forebay.ours" $root | nindent 4 }}
    forebay/tier: {{ .tier }}
policyTypes: [Ingress, Egress]
ingress:
  {{- if .listeners }}
  {{- $listeners := include "forebay.listeners" $root | fromJsonArray }}
  {{- if $listeners }}
  - ports:
      {{- range $listeners }}
      - {port: {{ .port }}, protocol: {{ .transport }}}
      {{- end }}
    {{- with $policy.senders }}
    from:
      {{- toYaml . | nindent 6 }}
    {{- end }}
  {{- end }}
  {{- end }}
  {{- if .telemetry }}
  - ports:
      - {port: {{ include "forebay.port" (get $settings.telemetry.listen (eq .tier "dev" | ternary "ingest" .tier)) }}, protocol: TCP}
    from:
      {{- toYaml $policy.scrapers | nindent 6 }}
      {{- if hasKey (include "forebay.jobs" $root | fromJson) "tools" }}
      - podSelector:
          matchLabels:
            {{- include "forebay.ours" $root | nindent 12 }}
            forebay/tier: tools
      {{- end }}
  {{- end }}
  {{- if not (or .listeners .telemetry) }} []{{ end }}
egress:
  {{- if .to }}
  - ports:
      - {port: 53, protocol: UDP}
      - {port: 53, protocol: TCP}
    to:
      {{- toYaml $policy.dns | nindent 6 }}
  {{- if has "kafka" .to }}
  {{- include "forebay.egress" (dict "addresses" (splitList "," $settings.kafka.bootstrap_servers) "set" $policy.kafka) | nindent 2 }}
  {{- end }}
  {{- if has "search" .to }}
  {{- include "forebay.egress" (dict "addresses" (list (include "forebay.address" $settings.search.url)) "set" $policy.search) | nindent 2 }}
  {{- end }}
  {{- if has "traces" .to }}
  {{- include "forebay.egress" (dict "addresses" (list (include "forebay.address" $settings.telemetry.traces.endpoint)) "set" $policy.traces) | nindent 2 }}
  {{- end }}
  {{- if has "tiers" .to }}
  - ports:
      {{- $ports := list }}
      {{- range $settings.telemetry.listen }}{{ $ports = append $ports (include "forebay.port" .) }}{{ end }}
      {{- range $ports | uniq }}
      - {port: {{ . }}, protocol: TCP}
      {{- end }}
    to:
      - podSelector:
          matchLabels:
            {{- include "forebay.ours" $root | nindent 12 }}
          matchExpressions:
            - {key: forebay/tier, operator: In, values: [ingest, parser, indexer]}
  {{- end }}
  {{- with $policy.more }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
  {{- else }} []{{ end }}
{{- end -}}

{{/*
A rule for the way to some addresses. Where it is a Service, its namespace is in its name, and nowhere else is let to; an IP
address is itself; of any other name nobody knows here where it leads, so that only the port is held to, unless the values say.
*/}}
{{- define "forebay.egress" -}}
{{- $ports := list -}}
{{- $to := list -}}
{{- $anywhere := false -}}
{{- range $address := .addresses -}}
{{- $host := regexReplaceAll ":[0-9]+$" (trim $address) "" -}}
{{- $ports = append $ports (include "forebay.port" (trim $address) | int) -}}
{{- if regexMatch "\\.svc(\\.|$)" $host -}}
{{- $labels := splitList "." (regexReplaceAll "\\.svc(\\..*)?$" $host "") -}}
{{- $to = append $to (dict "namespaceSelector" (dict "matchLabels" (dict "kubernetes.io/metadata.name" (last $labels)))) -}}
{{- else if regexMatch "^[0-9]+(\\.[0-9]+){3}$" $host -}}
{{- $to = append $to (dict "ipBlock" (dict "cidr" (printf "%s/32" $host))) -}}
{{- else -}}
{{- $anywhere = true -}}
{{- end -}}
{{- end -}}
- ports:
    {{- range default $ports .set.ports | uniq }}
    - {port: {{ . }}, protocol: TCP}
    {{- end }}
  {{- if .set.to }}
  to:
    {{- toYaml .set.to | nindent 4 }}
  {{- else if not $anywhere }}
  to:
    {{- toYaml (uniq $to) | nindent 4 }}
  {{- end }}
{{- end -}}
