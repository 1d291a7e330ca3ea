"""Health checking and reflection of gRPC, by the packages of its authors."""

import threading

import grpc
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)

from checks import Server, check, equal, main, raises

SERVING = health_pb2.HealthCheckResponse.SERVING
INFERENCE = "inference.GRPCInferenceService"


@check("health: the server serves")
def serving(server: Server) -> None:
    with grpc.insecure_channel(server.grpc) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        for service in ("", INFERENCE):
            request = health_pb2.HealthCheckRequest(service=service)
            equal(stub.Check(request).status, SERVING)


@check("health: a service that does not exist is not found")
def unknown(server: Server) -> None:
    with grpc.insecure_channel(server.grpc) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        request = health_pb2.HealthCheckRequest(service="no.such.Service")
        error = raises(grpc.RpcError, lambda: stub.Check(request))
        equal(error.code(), grpc.StatusCode.NOT_FOUND)


@check("health: a watch begins with the state of now")
def watch(server: Server) -> None:
    with grpc.insecure_channel(server.grpc) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        states = stub.Watch(health_pb2.HealthCheckRequest(), timeout=20)
        equal(next(states).status, SERVING)
        states.cancel()


@check("health: the way of the load balancing of gRPC")
def balanced(server: Server) -> None:
    config = '{"healthCheckConfig": {"serviceName": ""}, "loadBalancingConfig": [{"round_robin": {}}]}'
    ready = threading.Event()
    options = [("grpc.service_config", config)]
    with grpc.insecure_channel(server.grpc, options) as channel:
        channel.subscribe(
            lambda state: state is grpc.ChannelConnectivity.READY and ready.set(), True
        )
        assert ready.wait(20)


@check("reflection: the services are listed")
def services(server: Server) -> None:
    with grpc.insecure_channel(server.grpc) as channel:
        names = set(ProtoReflectionDescriptorDatabase(channel).get_services())
        assert {INFERENCE, "grpc.health.v1.Health"} <= names, names


@check("reflection: a client that knows nothing can call the service")
def dynamic(server: Server) -> None:
    with grpc.insecure_channel(server.grpc) as channel:
        pool = DescriptorPool(ProtoReflectionDescriptorDatabase(channel))
        method = pool.FindServiceByName(INFERENCE).methods_by_name["ModelInfer"]
        request = GetMessageClass(method.input_type)(model_name="versions")
        tensor = request.inputs.add(name="INPUT", datatype="FP32", shape=[1, 2])
        tensor.contents.fp32_contents.extend([1.5, -2])
        call = channel.unary_unary(
            f"/{INFERENCE}/ModelInfer",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=GetMessageClass(method.output_type).FromString,
        )
        answer = call(request, timeout=20)
        equal(list(answer.outputs[0].contents.fp32_contents), [3, -4])
        equal(answer.model_version, "2")


@check("reflection: the fields of a request are those of the protocol")
def fields(server: Server) -> None:
    with grpc.insecure_channel(server.grpc) as channel:
        pool = DescriptorPool(ProtoReflectionDescriptorDatabase(channel))
        message = pool.FindMessageTypeByName("inference.ModelInferRequest")
        numbers = {field.name: field.number for field in message.fields}
        expected = [
            "model_name",
            "model_version",
            "id",
            "parameters",
            "inputs",
            "outputs",
            "raw_input_contents",
        ]
        equal(numbers, {name: index + 1 for index, name in enumerate(expected)})


@check("compressed messages")
def compressed(server: Server) -> None:
    for compression in (grpc.Compression.Gzip, grpc.Compression.Deflate):
        with grpc.insecure_channel(server.grpc, compression=compression) as channel:
            stub = health_pb2_grpc.HealthStub(channel)
            equal(stub.Check(health_pb2.HealthCheckRequest()).status, SERVING)


@check("a method that does not exist is not implemented")
def unimplemented(server: Server) -> None:
    with grpc.insecure_channel(server.grpc) as channel:
        call = channel.unary_unary(f"/{INFERENCE}/NoSuchMethod")
        error = raises(grpc.RpcError, lambda: call(b"", timeout=20))
        equal(error.code(), grpc.StatusCode.UNIMPLEMENTED)


@check("a message that is no protocol buffer is refused")
def damaged(server: Server) -> None:
    with grpc.insecure_channel(server.grpc) as channel:
        call = channel.unary_unary(f"/{INFERENCE}/ModelInfer")
        error = raises(
            grpc.RpcError, lambda: call(b"\x0a\xff\xff\xff\xff\x0f", timeout=20)
        )
        allowed = (grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.INTERNAL)
        assert error.code() in allowed, error


if __name__ == "__main__":
    main()
