"""The model as every loop and framework of Python here runs it: one session of ONNX Runtime, one thread."""

import numpy as np
import onnxruntime

FIELDS = [f"f{index}" for index in range(10)]


class Scorer:
    """A perceptron of ten numbers."""

    def __init__(self, path: str) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(path, options, ["CPUExecutionProvider"])

    def __call__(self, events: list[dict]) -> list[float]:
        """A score for each event."""
        rows = np.array([[event[name] for name in FIELDS] for event in events], dtype=np.float32)
        (scores,) = self.session.run(None, {"input": rows})
        return scores[:, 0].tolist()
