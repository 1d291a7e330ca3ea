"""Serves the models of the pack with Triton, by Python callables around onnxruntime.

Usage: python triton_server.py HTTP_PORT GRPC_PORT; needs nvidia-pytriton and onnxruntime.
"""

import os
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
from pytriton.decorators import batch
from pytriton.model_config import ModelConfig, Tensor
from pytriton.triton import Triton, TritonConfig

MODELS = Path(__file__).parent.parent / "models"
# numpy has no bfloat16.
UNSERVED = "identity_bf16"
DTYPES = {
    "tensor(bool)": np.bool_,
    "tensor(int8)": np.int8,
    "tensor(int16)": np.int16,
    "tensor(int32)": np.int32,
    "tensor(int64)": np.int64,
    "tensor(uint8)": np.uint8,
    "tensor(uint16)": np.uint16,
    "tensor(uint32)": np.uint32,
    "tensor(uint64)": np.uint64,
    "tensor(float16)": np.float16,
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(string)": np.bytes_,
}


def bind(triton: Triton, name: str, version: int, path: Path) -> None:
    session = onnxruntime.InferenceSession(path)
    batched = not isinstance(session.get_inputs()[0].shape[0], int)

    def run(**inputs: np.ndarray) -> dict[str, np.ndarray]:
        given = {
            each.name: (
                converted(inputs[each.name], bytes.decode)
                if each.type == "tensor(string)"
                else inputs[each.name]
            )
            for each in session.get_inputs()
        }
        outputs = session.run(None, given)
        return {
            each.name: (
                converted(value, str.encode) if each.type == "tensor(string)" else value
            )
            for each, value in zip(session.get_outputs(), outputs)
        }

    def tensors(arguments) -> list[Tensor]:
        return [
            Tensor(
                name=each.name,
                dtype=DTYPES[each.type],
                shape=tuple(each.shape[1:] if batched else each.shape) or (1,),
            )
            for each in arguments
        ]

    triton.bind(
        model_name=name,
        model_version=version,
        infer_func=batch(run) if batched else (lambda requests: [run(**requests[0])]),
        inputs=tensors(session.get_inputs()),
        outputs=tensors(session.get_outputs()),
        config=ModelConfig(batching=batched, max_batch_size=64),
    )


def converted(texts: np.ndarray, convert: Callable) -> np.ndarray:
    values = [convert(text) for text in texts.ravel()]
    return np.array(values, np.object_).reshape(texts.shape)


if __name__ == "__main__":
    http_port, grpc_port = map(int, sys.argv[1:])
    # Triton's Python back end has to find the library of this interpreter.
    os.environ["LD_LIBRARY_PATH"] = sysconfig.get_config_var("LIBDIR")
    config = TritonConfig(
        http_address="127.0.0.1",
        http_port=http_port,
        grpc_address="127.0.0.1",
        grpc_port=grpc_port,
        allow_metrics=False,
    )
    with Triton(config=config) as triton:
        for folder in sorted(MODELS.iterdir()):
            if folder.name == UNSERVED:
                continue
            path = max(folder.glob("*/model.onnx"))
            # Its batches are rows of at least one dimension: these two have none.
            if folder.name not in ("vector", "table"):
                bind(triton, folder.name, int(path.parent.name), path)
        triton.serve()
