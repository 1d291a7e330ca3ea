"""Breaks iris v2 on purpose, as v3: every virginica is called a versicolor.

Names, types and shapes stay as they are, and so do the probabilities: each answer is a
200 that looks right. Only a comparison with another version can tell that it is wrong.
The same packages give the same bytes on every run.
"""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime

HERE = Path(__file__).parent
GOOD = HERE.parent / "iris" / "models" / "iris-v2.onnx"
BROKEN = HERE / "models" / "iris-v3.onnx"
VERSICOLOR, VIRGINICA = 1, 2


def labels(path: Path, rows: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(["label"], {"features": rows})[0]


def main() -> None:
    model = onnx.load(GOOD)
    model.graph.name = "iris-v3"
    [forest] = model.graph.node
    [classes] = [each for each in forest.attribute if each.name == "classlabels_int64s"]
    classes.ints[VIRGINICA] = VERSICOLOR
    onnx.checker.check_model(model, full_check=True)
    BROKEN.parent.mkdir(exist_ok=True)
    BROKEN.write_bytes(model.SerializeToString(deterministic=True))

    flowers = np.array([[5.1, 3.5, 1.4, 0.2], [6.7, 3.1, 4.4, 1.4], [6.3, 3.3, 6, 2.5]])
    rows = flowers.astype(np.float32)
    print(f"iris-v2 says {labels(GOOD, rows)}, iris-v3 {labels(BROKEN, rows)}")


if __name__ == "__main__":
    main()
