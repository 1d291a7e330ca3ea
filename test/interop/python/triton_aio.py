"""The asynchronous clients of Triton, HTTP and gRPC."""

import asyncio
from typing import Any

import numpy as np
import tritonclient.grpc as grpc_client
import tritonclient.grpc.aio as grpc_aio
import tritonclient.http as http_client
import tritonclient.http.aio as http_aio
from tritonclient.utils import InferenceServerException

from checks import Server, check, equal, main, raises_later
from tensors import COUNTING, ONES, TENSORS, model_of, same


def tensor(library: Any, name: str, datatype: str, data: np.ndarray) -> Any:
    tensor_ = library.InferInput(name, list(data.shape), datatype)
    tensor_.set_data_from_numpy(data)
    return tensor_


async def many(client: Any, library: Any) -> None:
    async def one(number: int) -> None:
        sent = np.full((1, 2), number, np.int32)
        inputs = [tensor(library, "INPUT", "INT32", sent)]
        result = await client.infer("identity_int32", inputs)
        same(result.as_numpy("OUTPUT"), sent)

    await asyncio.gather(*(one(number) for number in range(200)))


async def datatypes(client: Any, library: Any) -> None:
    for datatype, data in TENSORS.items():
        inputs = [tensor(library, "INPUT", datatype, data)]
        result = await client.infer(model_of(datatype), inputs)
        same(result.as_numpy("OUTPUT"), data)


@check("HTTP: health and metadata")
async def http_health(server: Server) -> None:
    async with http_aio.InferenceServerClient(server.host) as client:
        assert await client.is_server_live()
        assert await client.is_server_ready()
        assert await client.is_model_ready("simple")
        equal((await client.get_model_metadata("iris"))["name"], "iris")
        assert (await client.get_server_metadata())["version"]


@check("HTTP: 200 requests at once, each with its own answer")
async def http_many(server: Server) -> None:
    async with http_aio.InferenceServerClient(server.host) as client:
        await many(client, http_client)


@check("HTTP: every datatype")
async def http_datatypes(server: Server) -> None:
    async with http_aio.InferenceServerClient(server.host) as client:
        await datatypes(client, http_client)


@check("HTTP: compression both ways")
async def http_compression(server: Server) -> None:
    async with http_aio.InferenceServerClient(server.host) as client:
        inputs = [
            tensor(http_client, "INPUT0", "INT32", COUNTING),
            tensor(http_client, "INPUT1", "INT32", ONES),
        ]
        for algorithm in ("gzip", "deflate"):
            result = await client.infer(
                "simple",
                inputs,
                request_compression_algorithm=algorithm,
                response_compression_algorithm=algorithm,
            )
            same(result.as_numpy("OUTPUT0"), COUNTING + ONES)


@check("HTTP: a fault")
async def http_fault(server: Server) -> None:
    async with http_aio.InferenceServerClient(server.host) as client:
        inputs = [tensor(http_client, "INPUT0", "INT32", COUNTING)]
        error = await raises_later(
            InferenceServerException, client.infer("simple", inputs)
        )
        equal(error.status(), "400")


@check("gRPC: health and metadata")
async def grpc_health(server: Server) -> None:
    async with grpc_aio.InferenceServerClient(server.grpc) as client:
        assert await client.is_server_live()
        assert await client.is_server_ready()
        assert await client.is_model_ready("simple")
        equal((await client.get_model_metadata("iris")).name, "iris")
        assert (await client.get_server_metadata()).version


@check("gRPC: 200 requests at once, each with its own answer")
async def grpc_many(server: Server) -> None:
    async with grpc_aio.InferenceServerClient(server.grpc) as client:
        await many(client, grpc_client)


@check("gRPC: every datatype")
async def grpc_datatypes(server: Server) -> None:
    async with grpc_aio.InferenceServerClient(server.grpc) as client:
        await datatypes(client, grpc_client)


@check("gRPC: a fault")
async def grpc_fault(server: Server) -> None:
    async with grpc_aio.InferenceServerClient(server.grpc) as client:
        inputs = [tensor(grpc_client, "INPUT0", "INT32", COUNTING)]
        error = await raises_later(
            InferenceServerException, client.infer("simple", inputs)
        )
        equal(error.status(), "StatusCode.INVALID_ARGUMENT")


@check("gRPC: a deadline of the client")
async def grpc_deadline(server: Server) -> None:
    async with grpc_aio.InferenceServerClient(server.grpc) as client:
        inputs = [tensor(grpc_client, "INPUT", "FP32", np.zeros((1, 2), np.float32))]
        error = await raises_later(
            InferenceServerException,
            client.infer("slow", inputs, client_timeout=0.002),
        )
        equal(error.status(), "StatusCode.DEADLINE_EXCEEDED")


if __name__ == "__main__":
    main()
