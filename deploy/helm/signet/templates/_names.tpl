{{- define "signet.name" -}}
{{- if contains "signet" .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-signet" .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "signet.selector" -}}
app.kubernetes.io/name: signet
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "signet.labels" -}}
{{ include "signet.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "signet.image" -}}
{{ required "image.repository is required: where the image is that you built" .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}

{{- /* What the server and the migrations share: who they run as, and what they may. */ -}}
{{- define "signet.podSecurity" -}}
runAsNonRoot: true
runAsUser: 1000
runAsGroup: 1000
fsGroup: 1000
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "signet.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{- define "signet.env" -}}
- name: PUBLIC_URL
  value: {{ required "publicUrl is required: the address of the issuer" .Values.publicUrl | quote }}
- name: DATABASE_URL_FILE
  value: /run/secrets/signet/database-url
- name: SECRET_KEY_FILE
  value: /run/secrets/signet/secret-key
{{- if .Values.trustProxy }}
- name: TRUST_PROXY
  value: {{ join "," .Values.trustProxy | quote }}
{{- end }}
{{- range $name, $value := .Values.settings }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- end -}}

{{- /* What the migrations need of the Secret; the server adds its own to the end. */ -}}
{{- define "signet.secretVolume" -}}
name: secrets
secret:
  secretName: {{ required "secret.name is required: the Secret with database-url and secret-key" .Values.secret.name | quote }}
  defaultMode: 288 # 0440
  items:
    - key: {{ .Values.secret.databaseUrlKey | quote }}
      path: database-url
    - key: {{ .Values.secret.secretKeyKey | quote }}
      path: secret-key
{{- end -}}
