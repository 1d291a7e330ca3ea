"""Triton's own front end, batcher and queue around a Python callable (nvidia-pytriton): V2 and gRPC.

Usage: server.py PORT GRPC_PORT MODEL
"""

import os
import sys
import sysconfig

import numpy as np
from pytriton.decorators import batch
from pytriton.model_config import DynamicBatcher, ModelConfig, Tensor
from pytriton.triton import Triton, TritonConfig

from onnx_model import OnnxModel

port, grpc_port, path = sys.argv[1:]
TYPES = {"tensor(int64)": np.int64, "tensor(float)": np.float32}

if __name__ == "__main__":
    model = OnnxModel(path)
    # Triton's Python back end must find the shared library of this interpreter, not
    # of another of the same name.
    os.environ["LD_LIBRARY_PATH"] = sysconfig.get_config_var("LIBDIR")

    @batch
    def infer(**inputs):
        rows = len(inputs[model.input])
        outputs = model.run(inputs[model.input])
        return {
            name: values.reshape(rows, -1)
            for name, values in zip(model.outputs, outputs)
        }

    shapes = [output.shape for output in model.session.get_outputs()]
    config = TritonConfig(
        http_address="127.0.0.1",
        http_port=int(port),
        grpc_address="127.0.0.1",
        grpc_port=int(grpc_port),
        allow_metrics=False,
    )
    with Triton(config=config) as triton:
        triton.bind(
            model_name="iris",
            infer_func=infer,
            inputs=[
                Tensor(name=model.input, dtype=np.float32, shape=(model.features,))
            ],
            outputs=[
                Tensor(name=name, dtype=TYPES[datatype], shape=tuple(shape[1:]) or (1,))
                for name, datatype, shape in zip(
                    model.outputs, model.datatypes, shapes
                )
            ],
            config=ModelConfig(max_batch_size=64, batcher=DynamicBatcher()),
        )
        triton.serve()
