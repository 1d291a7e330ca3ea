"""The model as every Python peer serves it: one session of ONNX Runtime, one thread."""

from typing import Any

import numpy as np
import onnxruntime


class OnnxModel:
    """A model with one input of float32 rows."""

    def __init__(self, path: str) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(
            path, options, ["CPUExecutionProvider"]
        )
        self.input = self.session.get_inputs()[0].name
        self.features = self.session.get_inputs()[0].shape[1]
        self.outputs = [output.name for output in self.session.get_outputs()]
        self.datatypes = [output.type for output in self.session.get_outputs()]

    def run(self, rows: np.ndarray) -> list[np.ndarray]:
        return self.session.run(None, {self.input: rows})

    def predict(self, instances: list[list[float]]) -> list[Any]:
        """Predictions as V1 of KServe's protocol writes them, one for each row."""
        return self.predictions(self.run(np.array(instances, dtype=np.float32)))

    def predictions(self, outputs: list[np.ndarray]) -> list[Any]:
        columns = [output.tolist() for output in outputs]
        if len(columns) == 1:
            return columns[0]
        return [dict(zip(self.outputs, values)) for values in zip(*columns)]
