{{- define "trainer.domain" -}}
{{ .Release.Namespace }}.svc.{{ .Values.clusterDomain }}
{{- end }}

{{- define "trainer.image" -}}
{{ .Values.image.repository }}{{ if .Values.image.digest }}@{{ .Values.image.digest }}{{ else }}:{{ .Values.image.tag | default .Chart.AppVersion }}{{ end }}
{{- end }}

{{- define "trainer.scheme" -}}
{{ if eq .Values.tls.mode "insecure" }}HTTP{{ else }}HTTPS{{ end }}
{{- end }}

{{- /* Of every object; selectors are the name alone. */ -}}
{{- define "trainer.labels" -}}
app.kubernetes.io/part-of: trainer
{{- end }}

{{- /* The workers' groups with what holds for each, as YAML: a map by name. */ -}}
{{- define "trainer.groups" -}}
{{- $all := dict }}
{{- range $name, $group := .Values.workers }}
{{- if not (kindIs "invalid" $group) }}
{{- $_ := set $all $name (mergeOverwrite (deepCopy $.Values.workerDefaults) $group) }}
{{- end }}
{{- end }}
{{- toYaml $all }}
{{- end }}

{{- /* How many workers a pod of a group has: one for each GPU, in one process. */ -}}
{{- define "trainer.workersOfPod" -}}
{{ max 1 (int .gpus) }}
{{- end }}

{{- /* The ports for tensors: a pod's workers have one each, from 6000 on; the policy opens as many as the largest pod has. */ -}}
{{- define "trainer.linkPorts" -}}
{{- $most := 1 }}
{{- range $name, $group := include "trainer.groups" . | fromYaml }}
{{- $most = max $most (include "trainer.workersOfPod" $group | int) }}
{{- end }}
{{- $last := ternary "" (printf ", endPort: %d" (add 5999 $most)) (eq (int $most) 1) -}}
{protocol: TCP, port: 6000{{ $last }}}
{{- end }}

{{- define "trainer.podSecurity" -}}
runAsNonRoot: true
{{- if not .Values.openshift }}
runAsUser: 1654 # the image's user "app"
runAsGroup: 1654
fsGroup: 1654
{{- end }}
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "trainer.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- /* What every pod has. */ -}}
{{- define "trainer.pod" -}}
serviceAccountName: trainer
automountServiceAccountToken: false # no process here talks to Kubernetes
enableServiceLinks: false
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . | toYaml }}
  {{- end }}
{{- end }}
securityContext:
  {{- include "trainer.podSecurity" . | nindent 2 }}
{{- end }}

{{- define "trainer.container" -}}
image: {{ include "trainer.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  {{- include "trainer.containerSecurity" . | nindent 2 }}
{{- end }}

{{- /* Options of both kinds of processes. */ -}}
{{- define "trainer.arguments" -}}
- --cluster-port=4053
- --http-port=9090
{{- range $i := until (int .Values.coordinator.replicas) }}
- --seed=coordinator-{{ $i }}.coordinator.{{ include "trainer.domain" $ }}:4053
{{- end }}
{{- if eq .Values.tls.mode "insecure" }}
- --insecure
{{- else }}
- --certificate=/certificates/certificate.pem
- --key=/certificates/key.pem
- --ca=/certificates/ca.pem
{{- end }}
{{- if .Values.data.volume.enabled }}
- --data-root=/data
{{- end }}
{{- if eq .Values.metrics.access "open" }}
- --metrics-open
{{- end }}
- --log-format={{ .Values.log.format }}
- --log-level={{ .Values.log.level }}
{{- end }}

{{- define "trainer.limits" -}}
{{- range $name, $value := . }}
- --limit={{ $name }}={{ int64 $value }}
{{- end }}
{{- end }}

{{- /* Variables of both kinds of processes. */ -}}
{{- define "trainer.env" -}}
- name: POD_NAME
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
- name: DOTNET_EnableDiagnostics # no debugger sockets on a read-only file system
  value: "0"
{{- if .Values.data.volume.enabled }}
- name: TRAINER_DATA # where processes look for Fashion-MNIST first
  value: /data/fashion-mnist
{{- end }}
{{- if eq .Values.artifacts.kind "bucket" }}
{{- with .Values.artifacts.bucket }}
{{- if .endpoint }}
- name: AWS_ENDPOINT_URL
  value: {{ .endpoint | quote }}
{{- end }}
{{- if .region }}
- name: AWS_REGION
  value: {{ .region | quote }}
{{- end }}
{{- if .existingSecret }}
{{- range $variable := list "AWS_ACCESS_KEY_ID" "AWS_SECRET_ACCESS_KEY" }}
- name: {{ $variable }}
  valueFrom:
    secretKeyRef:
      name: {{ $.Values.artifacts.bucket.existingSecret | toYaml }}
      key: {{ $variable }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- /* Requests and limits, without those that are null. */ -}}
{{- define "trainer.resources" -}}
{{- range $part, $all := . }}
{{- with $all }}
{{ $part }}:
{{- range $name, $quantity := . }}
{{- if not (kindIs "invalid" $quantity) }}
  {{ $name }}: {{ toJson $quantity }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- /* Startup and liveness say nothing about other processes, whom a restart would not help; readiness is membership. A node whose cores all compute may take a second for a handshake. */ -}}
{{- define "trainer.probes" -}}
{{- $scheme := include "trainer.scheme" . -}}
startupProbe:
  httpGet: {path: /healthz, port: http, scheme: {{ $scheme }}}
  timeoutSeconds: 5
  periodSeconds: 2
  failureThreshold: 60
readinessProbe:
  httpGet: {path: /readyz, port: http, scheme: {{ $scheme }}}
  timeoutSeconds: 5
  periodSeconds: 5
livenessProbe:
  httpGet: {path: /healthz, port: http, scheme: {{ $scheme }}}
  timeoutSeconds: 5
  periodSeconds: 10
  failureThreshold: 6
{{- end }}

{{- define "trainer.scrape" -}}
prometheus.io/scrape: "true"
prometheus.io/scheme: {{ include "trainer.scheme" . | lower }}
prometheus.io/port: "9090"
prometheus.io/path: /metrics
{{- end }}

{{- define "trainer.mounts" -}}
{{- if eq .Values.artifacts.kind "volume" }}
- {name: artifacts, mountPath: /artifacts}
{{- end }}
{{- if .Values.data.volume.enabled }}
- {name: data, mountPath: /data, readOnly: true}
{{- end }}
{{- if ne .Values.tls.mode "insecure" }}
- {name: certificates, mountPath: /certificates, readOnly: true}
{{- end }}
- {name: tmp, mountPath: /tmp}
{{- end }}

{{- /* role, tmpSize, root */ -}}
{{- define "trainer.volumes" -}}
{{- with .root.Values.artifacts }}
{{- if eq .kind "volume" }}
- name: artifacts
  persistentVolumeClaim:
    claimName: {{ .volume.existingClaim | default "artifacts" | toYaml }}
{{- end }}
{{- end }}
{{- with .root.Values.data.volume }}
{{- if .enabled }}
- name: data
  persistentVolumeClaim:
    claimName: {{ .existingClaim | default "data" | toYaml }}
{{- end }}
{{- end }}
{{- if ne .root.Values.tls.mode "insecure" }}
- name: certificates # whole, without subPath: the processes take new ones while they run
  {{- include "trainer.certificates" . | nindent 2 }}
{{- end }}
- name: tmp
  emptyDir:
    sizeLimit: {{ .tmpSize }}
{{- end }}

{{- /* role, root */ -}}
{{- define "trainer.certificates" -}}
secret:
  secretName: {{ get .root.Values.tls.secrets .role | toYaml }}
  defaultMode: 0440
  items:
    {{- if eq .root.Values.tls.mode "certManager" }}
    - {key: tls.crt, path: certificate.pem}
    - {key: tls.key, path: key.pem}
    - {key: ca.crt, path: ca.pem}
    {{- else }}
    {{- with .root.Values.tls.secrets }}
    - {key: {{ .certificate | toYaml }}, path: certificate.pem}
    - {key: {{ .key | toYaml }}, path: key.pem}
    - {key: {{ .authority | toYaml }}, path: ca.pem}
    {{- end }}
    {{- end }}
{{- end }}

{{- /* values, name (of what is spread), group, root: where pods go */ -}}
{{- define "trainer.scheduling" -}}
{{- with .values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.priorityClassName | default (ternary (printf "%s-%s" .root.Release.Namespace .name) "" .root.Values.priorityClasses.create) }}
priorityClassName: {{ . | toYaml }}
{{- end }}
topologySpreadConstraints: # one node's loss should take few of them
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: {{ .values.spread }}
    labelSelector:
      matchLabels:
        app.kubernetes.io/name: {{ .name }}
        {{- with .group }}
        trainer-group: {{ . }}
        {{- end }}
terminationGracePeriodSeconds: {{ .values.terminationGracePeriodSeconds }}
{{- end }}
