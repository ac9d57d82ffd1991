"""`forebay.v1.Ingest` by a client that knows no schema and asks for it by reflection, as grpcurl does."""

import time

import grpc
from google.protobuf import descriptor_pool, message_factory
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from compat import Run, say

run = Run()
channel = grpc.insecure_channel(run.address)
database = ProtoReflectionDescriptorDatabase(channel)
assert "forebay.v1.Ingest" in database.get_services(), database.get_services()
pool = descriptor_pool.DescriptorPool(database)
method = pool.FindServiceByName("forebay.v1.Ingest").FindMethodByName("Send")
Request = message_factory.GetMessageClass(method.input_type)
Response = message_factory.GetMessageClass(method.output_type)
send = channel.unary_unary(
    "/forebay.v1.Ingest/Send", request_serializer=Request.SerializeToString, response_deserializer=Response.FromString
)
metadata = (("authorization", f"Bearer {run.token}"),)
again = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.DEADLINE_EXCEEDED)
for ids in run.batches(100):
    request = Request(stream=run.prefix, idempotency_key=f"{ids[0]}-batch")
    for one in ids:
        request.events.add(body=one.encode())
    deadline = time.monotonic() + 120
    while True:
        try:
            answer = send(request, metadata=metadata, timeout=30)
            break
        except grpc.RpcError as error:
            if error.code() not in again or time.monotonic() > deadline:
                raise
            say(f"again: {error.code()}: {error.details()}")
            time.sleep(0.5)
    assert answer.accepted == len(ids), answer
    run.delivered(ids)
