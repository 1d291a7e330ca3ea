"""Serves the models of the pack with KServe's Python model server and onnxruntime.

Usage: python kserve_server.py HTTP_PORT GRPC_PORT; needs kserve and onnxruntime.
"""

import sys
from pathlib import Path

import numpy as np
import onnxruntime
from kserve import InferOutput, InferRequest, InferResponse, Model, ModelServer
from kserve.errors import InvalidInput
from kserve.utils.utils import generate_uuid

MODELS = Path(__file__).parent.parent / "models"
# numpy has no bfloat16.
UNSERVED = "identity_bf16"
DATATYPES = {
    "tensor(bool)": ("BOOL", np.bool_),
    "tensor(int8)": ("INT8", np.int8),
    "tensor(int16)": ("INT16", np.int16),
    "tensor(int32)": ("INT32", np.int32),
    "tensor(int64)": ("INT64", np.int64),
    "tensor(uint8)": ("UINT8", np.uint8),
    "tensor(uint16)": ("UINT16", np.uint16),
    "tensor(uint32)": ("UINT32", np.uint32),
    "tensor(uint64)": ("UINT64", np.uint64),
    "tensor(float16)": ("FP16", np.float16),
    "tensor(float)": ("FP32", np.float32),
    "tensor(double)": ("FP64", np.float64),
    "tensor(string)": ("BYTES", np.object_),
}


class OnnxModel(Model):
    """One model, at its latest version: KServe's server has no others."""

    def __init__(self, name: str, path: Path) -> None:
        super().__init__(name)
        self.session = onnxruntime.InferenceSession(path)
        self.ready = True

    async def get_input_types(self) -> list[dict]:
        return [describe(each) for each in self.session.get_inputs()]

    async def get_output_types(self) -> list[dict]:
        return [describe(each) for each in self.session.get_outputs()]

    async def predict(self, payload, headers=None, response_headers=None):
        if isinstance(payload, InferRequest):
            given = {tensor.name: tensor.as_numpy() for tensor in payload.inputs}
        else:
            given = columns(payload, [each.name for each in self.session.get_inputs()])
        try:
            inputs = {
                each.name: converted(given[each.name], each.type)
                for each in self.session.get_inputs()
            }
            outputs = self.session.run(None, inputs)
        except Exception as error:
            raise InvalidInput(type(error).__name__) from error
        described = self.session.get_outputs()
        if not isinstance(payload, InferRequest):
            return {"predictions": rows([each.name for each in described], outputs)}
        response = InferResponse(
            response_id=payload.id or generate_uuid(),
            model_name=self.name,
            infer_outputs=[],
            use_binary_outputs=payload.use_binary_outputs,
            requested_outputs=payload.request_outputs,
        )
        for each, value in zip(described, outputs):
            datatype = DATATYPES[each.type][0]
            output = InferOutput(each.name, list(value.shape), datatype)
            output.set_data_from_numpy(value)
            response.outputs.append(output)
        return response


def converted(value, type_: str) -> np.ndarray:
    array = np.asarray(value, DATATYPES[type_][1])
    if array.dtype == np.object_:  # text comes as bytes
        texts = [
            each.decode() if isinstance(each, bytes) else each for each in array.flat
        ]
        array = np.array(texts, np.object_).reshape(array.shape)
    return array


def describe(argument) -> dict:
    shape = [size if isinstance(size, int) else -1 for size in argument.shape]
    datatype = DATATYPES[argument.type][0]
    return {"name": argument.name, "datatype": datatype, "shape": shape}


def columns(payload: dict, names: list[str]) -> dict:
    """The inputs of a body of V1, by row or by column."""
    body = payload.get("instances", payload.get("inputs"))
    if isinstance(body, dict):
        return body
    if len(names) == 1 and not (body and isinstance(body[0], dict)):
        return {names[0]: body}
    return {name: [row[name] for row in body] for name in names}


def rows(names: list[str], outputs: list[np.ndarray]) -> list:
    if len(names) == 1:
        return outputs[0].tolist()
    values = [value.tolist() for value in outputs]
    return [dict(zip(names, row)) for row in zip(*values)]


if __name__ == "__main__":
    http_port, grpc_port = map(int, sys.argv[1:])
    latest = {
        path.name: max(path.glob("*/model.onnx"))
        for path in MODELS.iterdir()
        if path.name != UNSERVED
    }
    ModelServer(
        http_port=http_port, grpc_port=grpc_port, workers=1, enable_docs_url=False
    ).start([OnnxModel(name, path) for name, path in latest.items()])
