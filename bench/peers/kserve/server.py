"""KServe's Python SDK: V1, V2 and gRPC, one process. Usage: server.py PORT GRPC_PORT MODEL"""

import sys

import numpy as np
from kserve import InferOutput, InferRequest, InferResponse, Model, ModelServer
from kserve.utils.utils import generate_uuid

from onnx_model import OnnxModel

DATATYPES = {"tensor(int64)": "INT64", "tensor(float)": "FP32"}
port, grpc_port, path = sys.argv[1:]


class Predictor(Model):
    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.load()

    def load(self) -> bool:
        self.model = OnnxModel(path)
        self.ready = True
        return self.ready

    async def predict(self, payload, headers=None, response_headers=None):
        if not isinstance(payload, InferRequest):
            return {"predictions": self.model.predict(payload["instances"])}
        rows = payload.inputs[0].as_numpy().astype(np.float32, copy=False)
        outputs = []
        for name, datatype, values in zip(
            self.model.outputs, self.model.datatypes, self.model.run(rows)
        ):
            output = InferOutput(name, list(values.shape), DATATYPES[datatype])
            output.set_data_from_numpy(values, binary_data=False)
            outputs.append(output)
        return InferResponse(
            response_id=payload.id or generate_uuid(),
            model_name=self.name,
            infer_outputs=outputs,
        )


if __name__ == "__main__":
    ModelServer(
        http_port=int(port),
        grpc_port=int(grpc_port),
        workers=1,
        enable_docs_url=False,
        enable_latency_logging=False,
        access_log_format=None,
    ).start([Predictor("iris")])
