"""The clients of the KServe SDK: REST with V1 and V2, and gRPC."""

import asyncio
from typing import Any

import httpx
import numpy as np
from grpc.aio import AioRpcError
from kserve import (
    InferenceGRPCClient,
    InferenceRESTClient,
    InferInput,
    InferRequest,
    InferResponse,
    RESTConfig,
)
from kserve.protocol.infer_type import RequestedOutput

from checks import Server, check, equal, main, raises_later
from tensors import (
    COUNTING,
    IRIS,
    IRIS_LABELS,
    ONES,
    TENSORS,
    model_of,
    same,
    same_numbers,
)


def rest(protocol: str) -> InferenceRESTClient:
    return InferenceRESTClient(RESTConfig(protocol=protocol, retries=0, timeout=20))


def tensor(
    name: str, datatype: str, data: np.ndarray, binary: bool | None = True
) -> InferInput:
    """An input; binary None = plain lists, as people write them."""
    if binary is None:
        return InferInput(name, list(data.shape), datatype, data.ravel().tolist())
    tensor_ = InferInput(name, list(data.shape), datatype)
    tensor_.set_data_from_numpy(data, binary_data=binary)
    return tensor_


def numbers(binary: bool | None = True) -> list[InferInput]:
    return [
        tensor("INPUT0", "INT32", COUNTING, binary),
        tensor("INPUT1", "INT32", ONES, binary),
    ]


def request(model: str, inputs: list[InferInput], **options: Any) -> InferRequest:
    return InferRequest(model_name=model, infer_inputs=inputs, **options)


def output(response: InferResponse, name: str) -> np.ndarray:
    return response.get_output_by_name(name).as_numpy()


def expect_sums(response: InferResponse) -> None:
    same(output(response, "OUTPUT0"), COUNTING + ONES)
    same(output(response, "OUTPUT1"), COUNTING - ONES)


@check("V1: health of server and model")
async def v1_health(server: Server) -> None:
    async with rest("v1") as client:
        assert await client.is_server_live(server.http)
        assert await client.is_model_ready(server.http, "iris")
        error = await raises_later(
            httpx.HTTPStatusError, client.is_model_ready(server.http, "no_such_model")
        )
        equal(error.response.status_code, 404)


@check("V1: a prediction")
async def v1_predict(server: Server) -> None:
    async with rest("v1") as client:
        data = {"instances": IRIS.tolist()}
        answer = await client.infer(server.http, data, model_name="iris")
        equal([each["label"] for each in answer["predictions"]], IRIS_LABELS)


@check("V1: a prediction with headers of answer and request")
async def v1_headers(server: Server) -> None:
    async with rest("v1") as client:
        received: dict[str, str] = {}
        await client.infer(
            server.http,
            {"instances": IRIS.tolist()},
            model_name="iris",
            headers={"X-Tenant": "a"},
            response_headers=received,
        )
        assert received["content-type"].startswith("application/json"), received


@check("V1: a fault is an error with the server's words")
async def v1_fault(server: Server) -> None:
    async with rest("v1") as client:
        error = await raises_later(
            httpx.HTTPStatusError,
            client.infer(server.http, {"instances": [[1, 2]]}, model_name="iris"),
        )
        equal(error.response.status_code, 400)
        assert "instances[0]" in error.response.json()["error"]


@check("V1: a model that does not exist")
async def v1_unknown(server: Server) -> None:
    async with rest("v1") as client:
        error = await raises_later(
            httpx.HTTPStatusError,
            client.infer(server.http, {"instances": [[1]]}, model_name="no_such_model"),
        )
        equal(error.response.status_code, 404)


@check("V1: there is no explanation")
async def v1_explain(server: Server) -> None:
    async with rest("v1") as client:
        error = await raises_later(
            httpx.HTTPStatusError,
            client.explain(server.http, model_name="iris", data={"instances": []}),
        )
        equal(error.response.status_code, 404)


@check("V2: health of server and model")
async def v2_health(server: Server) -> None:
    async with rest("v2") as client:
        assert await client.is_server_live(server.http)
        assert await client.is_server_ready(server.http)
        assert await client.is_model_ready(server.http, "iris")
        assert not await client.is_model_ready(server.http, "no_such_model")


@check("V2: plain lists")
async def v2_lists(server: Server) -> None:
    async with rest("v2") as client:
        sent = request("simple", numbers(None))
        expect_sums(await client.infer(server.http, sent, model_name="simple"))


@check("V2: arrays as JSON")
async def v2_json(server: Server) -> None:
    async with rest("v2") as client:
        sent = request("simple", numbers(False))
        expect_sums(await client.infer(server.http, sent, model_name="simple"))


@check("V2: arrays as bytes")
async def v2_binary(server: Server) -> None:
    async with rest("v2") as client:
        sent = request("simple", numbers(True))
        expect_sums(await client.infer(server.http, sent, model_name="simple"))


@check("V2: all outputs as bytes")
async def v2_binary_outputs(server: Server) -> None:
    async with rest("v2") as client:
        sent = request("simple", numbers(True), parameters={"binary_data_output": True})
        expect_sums(await client.infer(server.http, sent, model_name="simple"))


@check("V2: one output as bytes, one as JSON")
async def v2_mixed_outputs(server: Server) -> None:
    async with rest("v2") as client:
        outputs = [
            RequestedOutput("OUTPUT0", {"binary_data": True}),
            RequestedOutput("OUTPUT1", {"binary_data": False}),
        ]
        sent = request("simple", numbers(True), request_outputs=outputs)
        expect_sums(await client.infer(server.http, sent, model_name="simple"))


@check("V2: a body that is a dictionary")
async def v2_dictionary(server: Server) -> None:
    async with rest("v2") as client:
        body = {
            "id": "order-7",
            "inputs": [
                {
                    "name": "features",
                    "shape": [3, 4],
                    "datatype": "FP32",
                    "data": IRIS.tolist(),
                }
            ],
        }
        answer = await client.infer(server.http, body, model_name="iris")
        response = answer if isinstance(answer, dict) else answer.to_rest()[0]
        labels = next(o for o in response["outputs"] if o["name"] == "label")
        equal(list(labels["data"]), IRIS_LABELS)


@check("V2: the identifier and the model")
async def v2_identifier(server: Server) -> None:
    async with rest("v2") as client:
        sent = request("simple", numbers(None), request_id="order-7")
        response = await client.infer(server.http, sent, model_name="simple")
        equal((response.id, response.model_name), ("order-7", "simple"))


@check("V2: every datatype as bytes")
async def v2_datatypes(server: Server) -> None:
    async with rest("v2") as client:
        for datatype, data in TENSORS.items():
            model = model_of(datatype)
            sent = request(
                model,
                [tensor("INPUT", datatype, data)],
                parameters={"binary_data_output": True},
            )
            response = await client.infer(server.http, sent, model_name=model)
            same(output(response, "OUTPUT"), data)


@check("V2: every datatype but FP16 as JSON")
async def v2_datatypes_json(server: Server) -> None:
    async with rest("v2") as client:
        for datatype, data in TENSORS.items():
            if datatype != "FP16":
                model = model_of(datatype)
                sent = request(model, [tensor("INPUT", datatype, data, binary=False)])
                response = await client.infer(server.http, sent, model_name=model)
                same_numbers(output(response, "OUTPUT"), data)


@check("V2: many requests at once")
async def v2_many(server: Server) -> None:
    async with rest("v2") as client:

        async def one(number: int) -> None:
            data = np.full((1, 2), number, np.int32)
            sent = request("identity_int32", [tensor("INPUT", "INT32", data)])
            response = await client.infer(
                server.http, sent, model_name="identity_int32"
            )
            same(output(response, "OUTPUT"), data)

        await asyncio.gather(*(one(number) for number in range(64)))


@check("V2: a fault is an error with the server's words")
async def v2_fault(server: Server) -> None:
    async with rest("v2") as client:
        sent = request("simple", numbers(True)[:1])
        error = await raises_later(
            httpx.HTTPStatusError,
            client.infer(server.http, sent, model_name="simple"),
        )
        equal(error.response.status_code, 400)
        assert "INPUT1" in error.response.json()["error"]


@check("gRPC: health of server and model")
async def grpc_health(server: Server) -> None:
    async with InferenceGRPCClient(server.grpc) as client:
        assert await client.is_server_live()
        assert await client.is_server_ready()
        assert await client.is_model_ready("iris")


@check("gRPC: plain lists")
async def grpc_lists(server: Server) -> None:
    async with InferenceGRPCClient(server.grpc) as client:
        expect_sums(await client.infer(request("simple", numbers(None))))


@check("gRPC: arrays as raw contents")
async def grpc_raw(server: Server) -> None:
    async with InferenceGRPCClient(server.grpc) as client:
        expect_sums(await client.infer(request("simple", numbers(True))))


@check("gRPC: arrays as typed contents")
async def grpc_typed(server: Server) -> None:
    async with InferenceGRPCClient(server.grpc) as client:
        expect_sums(await client.infer(request("simple", numbers(False))))


@check("gRPC: every datatype")
async def grpc_datatypes(server: Server) -> None:
    async with InferenceGRPCClient(server.grpc) as client:
        for datatype, data in TENSORS.items():
            sent = request(model_of(datatype), [tensor("INPUT", datatype, data)])
            same(output(await client.infer(sent), "OUTPUT"), data)


@check("gRPC: the identifier, and parameters")
async def grpc_identifier(server: Server) -> None:
    async with InferenceGRPCClient(server.grpc) as client:
        sent = request(
            "simple",
            numbers(True),
            request_id="order-7",
            parameters={"text": "a", "number": 7, "flag": True},
        )
        equal((await client.infer(sent)).id, "order-7")


@check("gRPC: a fault is an error with the server's words")
async def grpc_fault(server: Server) -> None:
    async with InferenceGRPCClient(server.grpc) as client:
        error = await raises_later(
            AioRpcError, client.infer(request("simple", numbers(True)[:1]))
        )
        equal(error.code().name, "INVALID_ARGUMENT")
        assert "INPUT1" in error.details(), error


@check("gRPC: a model that does not exist")
async def grpc_unknown(server: Server) -> None:
    async with InferenceGRPCClient(server.grpc) as client:
        error = await raises_later(
            AioRpcError, client.infer(request("no_such_model", numbers(True)))
        )
        equal(error.code().name, "NOT_FOUND")


if __name__ == "__main__":
    main()
