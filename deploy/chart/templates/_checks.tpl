{{- /* What fits no schema: values that do not go together. */ -}}
{{- define "trainer.checks" -}}
{{- $replicas := int .Values.coordinator.replicas }}
{{- if and (gt $replicas 1) (eq .Values.coordinator.store.kind "sqlite") }}
{{- fail (printf "coordinator.replicas is %d, and coordinator.store.kind sqlite: a SQLite file has one coordinator. Set coordinator.store.kind to postgres, or replicas to 1." $replicas) }}
{{- end }}
{{- if and (eq .Values.artifacts.kind "bucket") (not .Values.artifacts.bucket.address) }}
{{- fail "artifacts.kind is bucket, and artifacts.bucket.address is empty; expected s3://BUCKET/PREFIX." }}
{{- end }}
{{- with .Values.artifacts.bucket }}
{{- $port := regexFind ":[0-9]+$" (urlParse .endpoint).host | trimPrefix ":" | default (ternary "80" "443" (hasPrefix "http:" .endpoint)) }}
{{- if and (eq $.Values.artifacts.kind "bucket") .endpoint $.Values.networkPolicy.enabled (ne $port (toString .port)) }}
{{- fail (printf "artifacts.bucket.port is %v, and artifacts.bucket.endpoint %s: the network policy would keep pods from it. Set port to %s." .port .endpoint $port) }}
{{- end }}
{{- end }}
{{- if and (ne .Values.tls.mode "insecure") (not .Values.token.existingSecret) }}
{{- fail (printf "tls.mode is %s, and token.existingSecret is empty: anybody could call the job API. Name the secret that holds the cluster's token." .Values.tls.mode) }}
{{- end }}
{{- if and .Values.data.fetch (not .Values.data.volume.enabled) }}
{{- fail "data.fetch names data sets, and data.volume.enabled is false: there is no volume to download them into. Enable it, or push them: trainer data push." }}
{{- end }}
{{- $groups := include "trainer.groups" . | fromYaml }}
{{- range $name, $group := $groups }}
{{- with $group }}
{{- if and (gt (int .gpus) 0) (or (eq .device "cpu") (eq .device "auto")) }}
{{- fail (printf "workers.%s: gpus is %d, and device %s: nothing would say that a GPU cannot be used. Set device to cuda or opencl, or gpus to 0." $name (int .gpus) .device) }}
{{- end }}
{{- if and (gt (int .gpus) 1) (contains ":" .device) }}
{{- fail (printf "workers.%s: gpus is %d, and device %s: a pod has a worker for each of its GPUs, so name the kind alone. Set device to %s." $name (int .gpus) .device (splitList ":" .device | first)) }}
{{- end }}
{{- if and (eq .autoscaling.kind "hpa") (lt (int .autoscaling.min) 1) }}
{{- fail (printf "workers.%s: autoscaling.min is %d, and autoscaling.kind hpa, which keeps at least one pod. Set min to 1 or more, or kind to keda." $name (int .autoscaling.min)) }}
{{- end }}
{{- if gt (int .autoscaling.min) (int .autoscaling.max) }}
{{- fail (printf "workers.%s: autoscaling.min is %d, and autoscaling.max %d; expected min to be at most max." $name (int .autoscaling.min) (int .autoscaling.max)) }}
{{- end }}
{{- $kind := splitList ":" .device | first }}
{{- if and (ne .autoscaling.kind "none") (ne $kind "auto") (not (has $kind .autoscaling.devices)) }}
{{- fail (printf "workers.%s: device is %s, and autoscaling.devices %s: it would not follow jobs that ask for %s. Name the kind there." $name .device (join ", " .autoscaling.devices) $kind) }}
{{- end }}
{{- if and (kindIs "invalid" .threads) (not (dig "requests" "cpu" "" .resources)) }}
{{- fail (printf "workers.%s: threads is null, and resources.requests.cpu is not set: the number of threads is the CPU request. Set one of them." $name) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
