"""The synchronous HTTP client of Triton."""

import json
import urllib.request

import numpy as np
import tritonclient.http as client
from tritonclient.utils import InferenceServerException

from bfloat16 import BF16
from checks import Server, check, equal, main, raises
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


def connect(server: Server, **options: object) -> client.InferenceServerClient:
    return client.InferenceServerClient(server.host, **options)


def tensor(
    name: str, datatype: str, data: np.ndarray, binary: bool = True
) -> client.InferInput:
    tensor_ = client.InferInput(name, list(data.shape), datatype)
    tensor_.set_data_from_numpy(data, binary_data=binary)
    return tensor_


def numbers(binary: bool = True) -> list[client.InferInput]:
    return [
        tensor("INPUT0", "INT32", COUNTING, binary),
        tensor("INPUT1", "INT32", ONES, binary),
    ]


def expect_sums(result: client.InferResult) -> None:
    same(result.as_numpy("OUTPUT0"), COUNTING + ONES)
    same(result.as_numpy("OUTPUT1"), COUNTING - ONES)


@check("health of server and model")
def health(server: Server) -> None:
    with connect(server) as triton:
        assert triton.is_server_live()
        assert triton.is_server_ready()
        assert triton.is_model_ready("simple")
        assert triton.is_model_ready("versions", "1")
        assert not triton.is_model_ready("no_such_model")
        assert not triton.is_model_ready("versions", "99")


@check("metadata of the server")
def server_metadata(server: Server) -> None:
    metadata = connect(server).get_server_metadata()
    assert metadata["name"] and metadata["version"]
    assert "binary_tensor_data" in metadata["extensions"], metadata


@check("metadata of a model")
def model_metadata(server: Server) -> None:
    metadata = connect(server).get_model_metadata("iris")
    equal(metadata["name"], "iris")
    equal(
        metadata["inputs"], [{"name": "features", "datatype": "FP32", "shape": [-1, 4]}]
    )
    equal(
        [output["name"] for output in metadata["outputs"]], ["label", "probabilities"]
    )


@check("metadata of a version")
def version_metadata(server: Server) -> None:
    metadata = connect(server).get_model_metadata("versions", "1")
    equal(sorted(metadata["versions"]), ["1", "2"])


@check("binary inputs, and all outputs without asking")
def binary(server: Server) -> None:
    expect_sums(connect(server).infer("simple", numbers()))


@check("JSON inputs and JSON outputs")
def plain_json(server: Server) -> None:
    outputs = [
        client.InferRequestedOutput(name, binary_data=False)
        for name in ("OUTPUT0", "OUTPUT1")
    ]
    expect_sums(connect(server).infer("simple", numbers(False), outputs=outputs))


@check("binary and JSON mixed in one request")
def mixed(server: Server) -> None:
    inputs = [numbers(True)[0], numbers(False)[1]]
    outputs = [
        client.InferRequestedOutput("OUTPUT0", binary_data=False),
        client.InferRequestedOutput("OUTPUT1", binary_data=True),
    ]
    expect_sums(connect(server).infer("simple", inputs, outputs=outputs))


@check("one output of two")
def one_output(server: Server) -> None:
    outputs = [client.InferRequestedOutput("OUTPUT1")]
    result = connect(server).infer("simple", numbers(), outputs=outputs)
    same(result.as_numpy("OUTPUT1"), COUNTING - ONES)
    assert result.as_numpy("OUTPUT0") is None


@check("every datatype, binary")
def datatypes_binary(server: Server) -> None:
    triton = connect(server)
    for datatype, data in TENSORS.items():
        result = triton.infer(model_of(datatype), [tensor("INPUT", datatype, data)])
        same(result.as_numpy("OUTPUT"), data)


@check("BF16, binary")
def bfloat16(server: Server) -> None:
    result = connect(server).infer("identity_bf16", [tensor("INPUT", "BF16", BF16)])
    same(result.as_numpy("OUTPUT"), BF16)


@check("every datatype but FP16, JSON")
def datatypes_json(server: Server) -> None:
    triton = connect(server)
    output = client.InferRequestedOutput("OUTPUT", binary_data=False)
    for datatype, data in TENSORS.items():
        if datatype != "FP16":
            sent = [tensor("INPUT", datatype, data, binary=False)]
            result = triton.infer(model_of(datatype), sent, outputs=[output])
            same_numbers(result.as_numpy("OUTPUT"), data)


@check("text that is numbers")
def text_numbers(server: Server) -> None:
    inputs = [
        tensor("INPUT0", "BYTES", COUNTING.astype(str).astype(object)),
        tensor("INPUT1", "BYTES", ONES.astype(str).astype(object)),
    ]
    result = connect(server).infer("simple_string", inputs)
    same(result.as_numpy("OUTPUT0").astype(np.int32), COUNTING + ONES)


@check("rows in their order")
def rows(server: Server) -> None:
    result = connect(server).infer("iris", [tensor("features", "FP32", IRIS)])
    equal(result.as_numpy("label").tolist(), IRIS_LABELS)
    assert np.allclose(result.as_numpy("probabilities").sum(axis=1), 1)


@check("a batch of no rows")
def no_rows(server: Server) -> None:
    sent = np.empty((0, 2), np.float32)
    result = connect(server).infer("identity_fp32", [tensor("INPUT", "FP32", sent)])
    equal(result.get_output("OUTPUT")["shape"], [0, 2])


@check("a tensor of a megabyte")
def large(server: Server) -> None:
    sent = np.random.default_rng(7).random((100_000, 2), np.float32)
    result = connect(server).infer("identity_fp32", [tensor("INPUT", "FP32", sent)])
    same(result.as_numpy("OUTPUT"), sent)


@check("a version of a model")
def version(server: Server) -> None:
    sent = np.array([[1, 2]], np.float32)
    triton = connect(server)
    for version_, factor in (("1", 1), ("2", 2), ("", 2)):
        inputs = [tensor("INPUT", "FP32", sent)]
        result = triton.infer("versions", inputs, model_version=version_)
        same(result.as_numpy("OUTPUT"), sent * np.float32(factor))
        equal(result.get_response()["model_version"], version_ or "2")


@check("the identifier of a request")
def request_id(server: Server) -> None:
    result = connect(server).infer("simple", numbers(), request_id="order-7")
    equal(result.get_response()["id"], "order-7")


@check("compressed requests")
def compressed_requests(server: Server) -> None:
    for algorithm in ("gzip", "deflate"):
        for binary_ in (True, False):
            result = connect(server).infer(
                "simple", numbers(binary_), request_compression_algorithm=algorithm
            )
            expect_sums(result)


@check("compressed answers")
def compressed_answers(server: Server) -> None:
    for algorithm in ("gzip", "deflate"):
        result = connect(server).infer(
            "simple", numbers(), response_compression_algorithm=algorithm
        )
        expect_sums(result)


@check("large answers are really compressed")
def really_compressed(server: Server) -> None:
    sent = np.zeros((20_000, 2), np.float32)
    body, json_size = client.InferenceServerClient.generate_request_body(
        [tensor("INPUT", "FP32", sent)]
    )
    for algorithm in ("gzip", "deflate"):
        headers = {
            "Inference-Header-Content-Length": str(json_size),
            "Accept-Encoding": algorithm,
        }
        request = urllib.request.Request(
            f"{server.http}/v2/models/identity_fp32/infer", body, headers
        )
        with urllib.request.urlopen(request) as response:
            equal(response.headers["Content-Encoding"], algorithm)
            received = response.read()
            assert len(received) < sent.nbytes / 10, len(received)


@check("compression both ways")
def compressed_both(server: Server) -> None:
    result = connect(server).infer(
        "simple",
        numbers(),
        request_compression_algorithm="deflate",
        response_compression_algorithm="gzip",
    )
    expect_sums(result)


@check("priority and time limit")
def priority(server: Server) -> None:
    result = connect(server).infer("simple", numbers(), priority=1, timeout=5_000_000)
    expect_sums(result)


@check("a time limit that has passed")
def time_limit(server: Server) -> None:
    triton = connect(server, concurrency=4)
    inputs = [tensor("INPUT", "FP32", np.zeros((1, 2), np.float32))]
    error = raises(
        InferenceServerException, lambda: triton.infer("slow", inputs, timeout=1)
    )
    assert error.status() in ("429", "504"), error


@check("parameters of the caller's own")
def parameters(server: Server) -> None:
    own = {"text": "a", "number": 7, "fraction": 0.5, "flag": True}
    expect_sums(connect(server).infer("simple", numbers(), parameters=own))


@check("parameters of a sequence do no harm")
def sequence(server: Server) -> None:
    result = connect(server).infer(
        "simple", numbers(), sequence_id=5, sequence_start=True, sequence_end=True
    )
    expect_sums(result)


@check("headers and a query of the caller's own")
def headers(server: Server) -> None:
    result = connect(server).infer(
        "simple", numbers(), headers={"X-Tenant": "a"}, query_params={"trace": 1}
    )
    expect_sums(result)


@check("many requests at once")
def many(server: Server) -> None:
    triton = connect(server, concurrency=16)
    pending = []
    for number in range(64):
        sent = np.full((1, 2), number, np.int32)
        inputs = [tensor("INPUT", "INT32", sent)]
        pending.append((sent, triton.async_infer("identity_int32", inputs)))
    for sent, request in pending:
        same(request.get_result().as_numpy("OUTPUT"), sent)
    triton.close()


@check("the body that the client builds, and the answer that it parses")
def body(server: Server) -> None:
    content, json_size = client.InferenceServerClient.generate_request_body(numbers())
    request = urllib.request.Request(
        f"{server.http}/v2/models/simple/infer",
        content,
        {"Inference-Header-Content-Length": str(json_size)},
    )
    with urllib.request.urlopen(request) as response:
        length = response.headers["Inference-Header-Content-Length"]
        result = client.InferenceServerClient.parse_response_body(
            response.read(), header_length=int(length)
        )
    expect_sums(result)


@check("a model that does not exist")
def unknown_model(server: Server) -> None:
    triton = connect(server)
    error = raises(
        InferenceServerException, lambda: triton.infer("no_such_model", numbers())
    )
    equal(error.status(), "404")
    assert "no_such_model" in error.message(), error
    error = raises(
        InferenceServerException, lambda: triton.get_model_metadata("no_such_model")
    )
    equal(error.status(), "404")


@check("a wrong shape, and the connection goes on")
def wrong_shape(server: Server) -> None:
    with connect(server) as triton:
        inputs = [tensor("features", "FP32", IRIS[:, :3])]
        error = raises(InferenceServerException, lambda: triton.infer("iris", inputs))
        equal(error.status(), "400")
        assert "features" in error.message(), error
        expect_sums(triton.infer("simple", numbers()))


@check("a missing input")
def missing_input(server: Server) -> None:
    error = raises(
        InferenceServerException,
        lambda: connect(server).infer("simple", numbers()[:1]),
    )
    equal(error.status(), "400")
    assert "INPUT1" in error.message(), error


@check("an output that does not exist")
def unknown_output(server: Server) -> None:
    error = raises(
        InferenceServerException,
        lambda: connect(server).infer(
            "simple", numbers(), outputs=[client.InferRequestedOutput("NOPE")]
        ),
    )
    equal(error.status(), "400")


@check("classification is refused in words")
def classification(server: Server) -> None:
    output = client.InferRequestedOutput("probabilities", class_count=2)
    inputs = [tensor("features", "FP32", IRIS)]
    error = raises(
        InferenceServerException,
        lambda: connect(server).infer("iris", inputs, outputs=[output]),
    )
    equal(error.status(), "400")
    assert "classification" in error.message(), error


@check("shared memory is refused in words")
def shared_memory(server: Server) -> None:
    triton = connect(server)
    inputs = numbers()
    inputs[0].set_shared_memory("region", COUNTING.nbytes)
    error = raises(InferenceServerException, lambda: triton.infer("simple", inputs))
    equal(error.status(), "400")
    error = raises(
        InferenceServerException,
        lambda: triton.register_system_shared_memory("region", "/region", 64),
    )
    assert error.status() in ("403", "404"), error


@check("an output in shared memory is refused in words")
def shared_memory_output(server: Server) -> None:
    output = client.InferRequestedOutput("OUTPUT0")
    output.set_shared_memory("region", COUNTING.nbytes)
    error = raises(
        InferenceServerException,
        lambda: connect(server).infer("simple", numbers(), outputs=[output]),
    )
    equal(error.status(), "400")


@check("models are not loaded and unloaded by clients")
def model_control(server: Server) -> None:
    triton = connect(server)
    for call in (triton.load_model, triton.unload_model):
        error = raises(InferenceServerException, lambda: call("simple"))
        assert error.status() in ("403", "404"), error
    expect_sums(triton.infer("simple", numbers()))


@check("interfaces of Triton alone are not found")
def only_triton(server: Server) -> None:
    triton = connect(server)
    for call in (
        lambda: triton.get_model_config("simple"),
        triton.get_trace_settings,
        triton.get_log_settings,
    ):
        equal(raises(InferenceServerException, call).status(), "404")


@check("statistics count requests and rows")
def statistics(server: Server) -> None:
    triton = connect(server)

    def counts() -> tuple[int, int, int, int]:
        (stats,) = triton.get_inference_statistics("cube")["model_stats"]
        equal((stats["name"], stats["version"]), ("cube", "1"))
        success = stats["inference_stats"]["success"]
        runs = {each["batch_size"]: each for each in stats["batch_stats"]}
        of_three = runs[3]["compute_infer"]["count"] if 3 in runs else 0
        return (
            stats["inference_count"],
            stats["execution_count"],
            success["count"],
            of_three,
        )

    before = counts()
    sent = np.ones((3, 2, 3), np.float32)
    triton.infer("cube", [tensor("INPUT", "FP32", sent)])
    after = counts()
    equal(tuple(now - then for now, then in zip(after, before)), (3, 1, 1, 1))


@check("statistics of all models")
def all_statistics(server: Server) -> None:
    stats = connect(server).get_inference_statistics()["model_stats"]
    assert {"simple", "iris"} <= {each["name"] for each in stats}, stats


@check("the index of the repository")
def repository_index(server: Server) -> None:
    index = connect(server).get_model_repository_index()
    states = {(each["name"], each["version"]): each["state"] for each in index}
    equal(states[("versions", "1")], "READY")
    equal(states[("simple", "1")], "READY")


@check("an answer is JSON with the names of the protocol")
def response(server: Server) -> None:
    answer = connect(server).infer("simple", numbers()).get_response()
    equal(answer["model_name"], "simple")
    equal([output["datatype"] for output in answer["outputs"]], ["INT32", "INT32"])
    json.dumps(answer)


if __name__ == "__main__":
    main()
