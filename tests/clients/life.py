"""A job's whole life with Debian's python3-grpcio, without generated code. life.py GRPC TOKEN CREATE DESCRIPTORS FOLDER, as life.sh."""

import hashlib
import json
import sys

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, json_format
from google.protobuf.message_factory import MessageFactory

address, token, create, descriptors, _ = sys.argv[1:]
pool = descriptor_pool.DescriptorPool()
with open(descriptors, "rb") as file:
    for definition in descriptor_pb2.FileDescriptorSet.FromString(file.read()).file:
        pool.Add(definition)
messages = MessageFactory(pool)
channel = grpc.insecure_channel(address)


def call(service, name, fields):
    """One call: its answer, or the messages of its stream."""
    method = pool.FindServiceByName(f"trainer.v1.{service}").FindMethodByName(name)
    request, answer = messages.GetPrototype(method.input_type), messages.GetPrototype(method.output_type)
    streams = name.startswith(("Watch", "Stream", "Download"))
    opened = (channel.unary_stream if streams else channel.unary_unary)(
        f"/trainer.v1.{service}/{name}", request_serializer=request.SerializeToString, response_deserializer=answer.FromString
    )
    message = json_format.ParseDict(fields, request())
    return opened(message, metadata=[("authorization", f"Bearer {token}"), ("trainer-user", "python")], timeout=60)


def state(job):
    return job.DESCRIPTOR.fields_by_name["state"].enum_type.values_by_number[job.state].name


def refused(service, name, fields, code):
    try:
        call(service, name, fields)
    except grpc.RpcError as error:
        assert error.code() == code, error
    else:
        raise AssertionError(f"{name} was not refused")


assert call("SystemService", "GetVersion", {}).api == "trainer.v1"
with open(create, encoding="utf-8") as file:
    body = json.load(file)
job = call("JobService", "CreateJob", body)
assert call("JobService", "CreateJob", body).id == job.id
assert job.creator == "python"
assert [one.id for one in call("JobService", "ListJobs", {"filter": "labels.client = python"}).jobs] == [job.id]
updated = call("JobService", "UpdateJob", {"job": {"id": job.id, "notes": "by python"}, "updateMask": "notes"})
assert updated.notes == "by python"
*_, last = call("JobService", "WatchJob", {"id": job.id})
assert state(last) == "JOB_STATE_SUCCEEDED", last
*_, entry = call("JobService", "StreamLogs", {"id": job.id, "follow": True})
assert "SUCCEEDED" in entry.message, entry
assert len(call("JobService", "ListEpochs", {"id": job.id}).epochs) == 2
chunks = list(call("JobService", "DownloadArtifact", {"id": job.id, "name": "model.safetensors"}))
sha256 = hashlib.sha256(b"".join(chunk.data for chunk in chunks)).hexdigest()
assert sha256 == chunks[-1].sha256 == last.result.weights_sha256
refused("JobService", "GetJob", {"id": "nobody"}, grpc.StatusCode.NOT_FOUND)
call("JobService", "DeleteJob", {"id": job.id})
refused("JobService", "GetJob", {"id": job.id}, grpc.StatusCode.NOT_FOUND)
print(sha256)
