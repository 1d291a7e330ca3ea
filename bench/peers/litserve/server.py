"""LitServe: its own protocol, one worker, with batches and its fast queue.

Usage: server.py PORT GRPC_PORT MODEL
"""

import sys
from typing import Any

import litserve as ls
import numpy as np

from onnx_model import OnnxModel

port, _, path = sys.argv[1:]


class Api(ls.LitAPI):
    def setup(self, device: str) -> None:
        self.model = OnnxModel(path)

    def decode_request(self, request: dict) -> np.ndarray:
        return np.array(request["instances"], dtype=np.float32)

    def batch(self, inputs: list[np.ndarray]) -> np.ndarray:
        self.sizes = [len(rows) for rows in inputs]
        return np.concatenate(inputs)

    def predict(self, rows: np.ndarray) -> list[Any]:
        return self.model.predictions(self.model.run(rows))

    def unbatch(self, output: list[Any]) -> list[list[Any]]:
        predictions = iter(output)
        return [[next(predictions) for _ in range(size)] for size in self.sizes]

    def encode_response(self, output: list[Any]) -> dict:
        return {"predictions": output}


if __name__ == "__main__":
    api = Api(max_batch_size=32, batch_timeout=0.001)
    server = ls.LitServer(
        api, accelerator="cpu", workers_per_device=1, timeout=30, fast_queue=True
    )
    server.run(
        port=int(port),
        host="127.0.0.1",
        num_api_servers=1,
        generate_client_file=False,
        log_level="warning",
        access_log=False,
    )
