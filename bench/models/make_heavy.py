"""Writes a model whose cost is the model itself: convolutions over a 16 x 16 picture.

A row takes a few milliseconds on one thread, in a batch as much as alone. Usage: make_heavy.py FILE
"""

import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SIDE = 16
CHANNELS = 64
LAYERS = 8
CLASSES = 10


def weights(name: str, *shape: int) -> onnx.TensorProto:
    scale = np.sqrt(2 / np.prod(shape[1:]))
    values = rng.normal(0, scale, shape).astype(np.float32)
    return numpy_helper.from_array(values, name)


rng = np.random.default_rng(7)
nodes = [helper.make_node("Reshape", ["input", "picture"], ["x0"])]
initializers = [
    numpy_helper.from_array(np.array([-1, 1, SIDE, SIDE], dtype=np.int64), "picture")
]
for layer in range(LAYERS):
    channels = 1 if layer == 0 else CHANNELS
    initializers.append(weights(f"w{layer}", CHANNELS, channels, 3, 3))
    nodes += [
        helper.make_node(
            "Conv", [f"x{layer}", f"w{layer}"], [f"c{layer}"], pads=[1, 1, 1, 1]
        ),
        helper.make_node("Relu", [f"c{layer}"], [f"x{layer + 1}"]),
    ]
initializers.append(weights("out", CLASSES, CHANNELS))
nodes += [
    helper.make_node("GlobalAveragePool", [f"x{LAYERS}"], ["pooled"]),
    helper.make_node("Flatten", ["pooled"], ["flat"]),
    helper.make_node("Gemm", ["flat", "out"], ["logits"], transB=1),
    helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1),
]
graph = helper.make_graph(
    nodes,
    "heavy",
    [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["N", SIDE * SIDE])],
    [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["N", CLASSES])],
    initializers,
)
model = helper.make_model(
    graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8
)
onnx.checker.check_model(model)
onnx.save(model, sys.argv[1])
