"""The synchronous gRPC client of Triton."""

import queue

import numpy as np
import tritonclient.grpc as client
from tritonclient.utils import InferenceServerException

from bfloat16 import BF16
from checks import Server, check, equal, main, raises
from tensors import COUNTING, IRIS, IRIS_LABELS, ONES, TENSORS, model_of, same


def connect(server: Server, **options: object) -> client.InferenceServerClient:
    return client.InferenceServerClient(server.grpc, **options)


def tensor(name: str, datatype: str, data: np.ndarray) -> client.InferInput:
    tensor_ = client.InferInput(name, list(data.shape), datatype)
    tensor_.set_data_from_numpy(data)
    return tensor_


def numbers() -> list[client.InferInput]:
    return [tensor("INPUT0", "INT32", COUNTING), tensor("INPUT1", "INT32", ONES)]


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


@check("the readiness of a model that does not exist")
def unknown_ready(server: Server) -> None:
    error = raises(
        InferenceServerException,
        lambda: connect(server).is_model_ready("no_such_model"),
    )
    equal(error.status(), "StatusCode.NOT_FOUND")


@check("metadata of the server")
def server_metadata(server: Server) -> None:
    metadata = connect(server).get_server_metadata()
    assert metadata.name and metadata.version


@check("metadata of a model, as message and as JSON")
def model_metadata(server: Server) -> None:
    triton = connect(server)
    metadata = triton.get_model_metadata("iris")
    equal(metadata.inputs[0].name, "features")
    equal(list(metadata.inputs[0].shape), [-1, 4])
    equal([output.datatype for output in metadata.outputs], ["INT64", "FP32"])
    equal(triton.get_model_metadata("iris", as_json=True)["name"], "iris")


@check("metadata of a version")
def version_metadata(server: Server) -> None:
    metadata = connect(server).get_model_metadata("versions", "1")
    equal(sorted(metadata.versions), ["1", "2"])


@check("raw inputs, and all outputs without asking")
def raw(server: Server) -> None:
    expect_sums(connect(server).infer("simple", numbers()))


@check("one output of two")
def one_output(server: Server) -> None:
    result = connect(server).infer(
        "simple", numbers(), outputs=[client.InferRequestedOutput("OUTPUT1")]
    )
    same(result.as_numpy("OUTPUT1"), COUNTING - ONES)
    assert result.as_numpy("OUTPUT0") is None


@check("every datatype")
def datatypes(server: Server) -> None:
    triton = connect(server)
    for datatype, data in TENSORS.items():
        result = triton.infer(model_of(datatype), [tensor("INPUT", datatype, data)])
        same(result.as_numpy("OUTPUT"), data)


@check("BF16")
def bfloat16(server: Server) -> None:
    result = connect(server).infer("identity_bf16", [tensor("INPUT", "BF16", BF16)])
    same(result.as_numpy("OUTPUT"), BF16)


@check("text that is numbers")
def text_numbers(server: Server) -> None:
    inputs = [
        tensor("INPUT0", "BYTES", COUNTING.astype(str).astype(object)),
        tensor("INPUT1", "BYTES", ONES.astype(str).astype(object)),
    ]
    result = connect(server).infer("simple_string", inputs)
    same(result.as_numpy("OUTPUT1").astype(np.int32), COUNTING - ONES)


@check("rows in their order")
def rows(server: Server) -> None:
    result = connect(server).infer("iris", [tensor("features", "FP32", IRIS)])
    equal(result.as_numpy("label").tolist(), IRIS_LABELS)


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
        equal(result.get_response().model_version, version_ or "2")


@check("the identifier of a request")
def request_id(server: Server) -> None:
    result = connect(server).infer("simple", numbers(), request_id="order-7")
    equal(result.get_response().id, "order-7")


@check("compressed messages")
def compressed(server: Server) -> None:
    for algorithm in ("gzip", "deflate"):
        result = connect(server).infer(
            "simple", numbers(), compression_algorithm=algorithm
        )
        expect_sums(result)


@check("priority and time limit")
def priority(server: Server) -> None:
    result = connect(server).infer("simple", numbers(), priority=1, timeout=5_000_000)
    expect_sums(result)


@check("a time limit that has passed")
def time_limit(server: Server) -> None:
    inputs = [tensor("INPUT", "FP32", np.zeros((1, 2), np.float32))]
    error = raises(
        InferenceServerException,
        lambda: connect(server).infer("slow", inputs, timeout=1),
    )
    allowed = ("StatusCode.RESOURCE_EXHAUSTED", "StatusCode.DEADLINE_EXCEEDED")
    assert error.status() in allowed, error


@check("a deadline of the client")
def deadline(server: Server) -> None:
    inputs = [tensor("INPUT", "FP32", np.zeros((1, 2), np.float32))]
    error = raises(
        InferenceServerException,
        lambda: connect(server).infer("slow", inputs, client_timeout=0.002),
    )
    equal(error.status(), "StatusCode.DEADLINE_EXCEEDED")


@check("parameters of the caller's own")
def parameters(server: Server) -> None:
    own = {"text": "a", "number": 7, "flag": True}
    expect_sums(connect(server).infer("simple", numbers(), parameters=own))


@check("headers of the caller's own")
def headers(server: Server) -> None:
    expect_sums(connect(server).infer("simple", numbers(), headers={"x-tenant": "a"}))


@check("many requests at once")
def many(server: Server) -> None:
    answers: queue.Queue[tuple[object, object]] = queue.Queue()
    with connect(server) as triton:
        for number in range(64):
            inputs = [tensor("INPUT", "INT32", np.full((1, 2), number, np.int32))]
            triton.async_infer(
                "identity_int32",
                inputs,
                lambda result, error: answers.put((result, error)),
                request_id=str(number),
            )
        for _ in range(64):
            result, error = answers.get(timeout=30)
            assert error is None, error
            number = int(result.get_response().id)
            same(result.as_numpy("OUTPUT"), np.full((1, 2), number, np.int32))


@check("a call that is given up")
def cancelled(server: Server) -> None:
    answers: queue.Queue[tuple[object, object]] = queue.Queue()
    with connect(server) as triton:
        inputs = [tensor("INPUT", "FP32", np.zeros((1, 2), np.float32))]
        calls = [
            triton.async_infer(
                "slow", inputs, lambda result, error: answers.put((result, error))
            )
            for _ in range(8)
        ]
        calls[-1].cancel()
        outcomes = [answers.get(timeout=30) for _ in calls]
        errors = [str(error.status()) for _, error in outcomes if error is not None]
        equal(errors, ["StatusCode.CANCELLED"])
        expect_sums(triton.infer("simple", numbers()))


@check("a model that does not exist")
def unknown_model(server: Server) -> None:
    triton = connect(server)
    error = raises(
        InferenceServerException, lambda: triton.infer("no_such_model", numbers())
    )
    equal(error.status(), "StatusCode.NOT_FOUND")
    assert "no_such_model" in error.message(), error


@check("a wrong shape, and the connection goes on")
def wrong_shape(server: Server) -> None:
    triton = connect(server)
    inputs = [tensor("features", "FP32", IRIS[:, :3])]
    error = raises(InferenceServerException, lambda: triton.infer("iris", inputs))
    equal(error.status(), "StatusCode.INVALID_ARGUMENT")
    assert "features" in error.message(), error
    expect_sums(triton.infer("simple", numbers()))


@check("a missing input")
def missing_input(server: Server) -> None:
    error = raises(
        InferenceServerException,
        lambda: connect(server).infer("simple", numbers()[:1]),
    )
    equal(error.status(), "StatusCode.INVALID_ARGUMENT")
    assert "INPUT1" in error.message(), error


@check("shared memory is refused in words")
def shared_memory(server: Server) -> None:
    triton = connect(server)
    inputs = numbers()
    inputs[0].set_shared_memory("region", COUNTING.nbytes)
    error = raises(InferenceServerException, lambda: triton.infer("simple", inputs))
    equal(error.status(), "StatusCode.INVALID_ARGUMENT")


@check("an output in shared memory is refused in words")
def shared_memory_output(server: Server) -> None:
    output = client.InferRequestedOutput("OUTPUT0")
    output.set_shared_memory("region", COUNTING.nbytes)
    error = raises(
        InferenceServerException,
        lambda: connect(server).infer("simple", numbers(), outputs=[output]),
    )
    equal(error.status(), "StatusCode.INVALID_ARGUMENT")


@check("interfaces of Triton alone are not implemented")
def only_triton(server: Server) -> None:
    triton = connect(server)
    for call in (
        lambda: triton.get_model_config("simple"),
        triton.get_trace_settings,
        triton.get_log_settings,
        triton.get_cuda_shared_memory_status,
    ):
        error = raises(InferenceServerException, call)
        equal(error.status(), "StatusCode.UNIMPLEMENTED")


@check("models are not loaded and unloaded by clients")
def model_control(server: Server) -> None:
    triton = connect(server)
    for call in (triton.load_model, triton.unload_model):
        error = raises(InferenceServerException, lambda: call("simple"))
        allowed = ("StatusCode.PERMISSION_DENIED", "StatusCode.UNIMPLEMENTED")
        assert error.status() in allowed, error
    expect_sums(triton.infer("simple", numbers()))


@check("a stream is refused in words")
def stream(server: Server) -> None:
    answers: queue.Queue[tuple[object, object]] = queue.Queue()
    with connect(server) as triton:
        triton.start_stream(lambda result, error: answers.put((result, error)))
        try:
            triton.async_stream_infer("simple", numbers())
        except InferenceServerException:
            pass  # the client has seen already that the stream is over
        _, error = answers.get(timeout=30)
        equal(error.status(), "StatusCode.UNIMPLEMENTED")
        triton.stop_stream()


@check("the index of the repository")
def repository_index(server: Server) -> None:
    index = connect(server).get_model_repository_index()
    states = {(each.name, each.version): each.state for each in index.models}
    equal(states[("simple", "1")], "READY")


@check("statistics count requests, rows, and runs by their size")
def statistics(server: Server) -> None:
    triton = connect(server)

    def counts() -> tuple[int, int, int, int]:
        (stats,) = triton.get_inference_statistics("cube", "1").model_stats
        equal((stats.name, stats.version), ("cube", "1"))
        runs = {each.batch_size: each.compute_infer for each in stats.batch_stats}
        for each in stats.batch_stats:
            equal(each.compute_input.count, each.compute_infer.count)
            equal(each.compute_output.count, each.compute_infer.count)
            assert each.compute_infer.ns > 0 and each.compute_output.ns > 0, each
        of_three = runs[3].count if 3 in runs else 0
        return (
            stats.inference_count,
            stats.execution_count,
            stats.inference_stats.success.count,
            of_three,
        )

    before = counts()
    sent = np.ones((3, 2, 3), np.float32)
    triton.infer("cube", [tensor("INPUT", "FP32", sent)])
    after = counts()
    equal(tuple(now - then for now, then in zip(after, before)), (3, 1, 1, 1))


@check("statistics of all models, as message and as JSON")
def all_statistics(server: Server) -> None:
    triton = connect(server)
    stats = triton.get_inference_statistics().model_stats
    assert {"simple", "iris"} <= {each.name for each in stats}, stats
    as_json = triton.get_inference_statistics("simple", as_json=True)
    equal([each["name"] for each in as_json["model_stats"]], ["simple"])


@check("statistics of a model that does not exist")
def unknown_statistics(server: Server) -> None:
    error = raises(
        InferenceServerException,
        lambda: connect(server).get_inference_statistics("no_such_model"),
    )
    equal(error.status(), "StatusCode.NOT_FOUND")


@check("keep-alive pings do not end the connection")
def keep_alive(server: Server) -> None:
    options = client.KeepAliveOptions(
        keepalive_time_ms=10_000, keepalive_permit_without_calls=True
    )
    with connect(server, keepalive_options=options) as triton:
        for _ in range(20):
            expect_sums(triton.infer("simple", numbers()))


if __name__ == "__main__":
    main()
