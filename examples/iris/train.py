"""Trains two versions of an iris classifier, v1 and a better v2, written as ONNX.

Also writes predictions.json: what Python's onnxruntime answers for all 150 flowers, so
that any other runtime can be compared with it number by number. The same packages give
the same bytes on every run.
"""

import argparse
import json
import re
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split

SEED = 1
OPSETS = {"": 17, "ai.onnx.ml": 3}
# A power of two of trees: each one's share is then exact in float32.
FORESTS = {
    "v1": {"n_estimators": 4, "max_depth": 2},
    "v2": {"n_estimators": 32, "max_depth": 4},
}


def convert(forest: RandomForestClassifier, name: str) -> bytes:
    model = to_onnx(
        forest,
        # A fixed graph name: skl2onnx would make up a random one.
        name=name,
        initial_types=[("features", FloatTensorType([None, 4]))],
        target_opset=OPSETS,
        # Tensors instead of a sequence of maps, which onnxruntime-node cannot read.
        options={"zipmap": False},
    )
    # skl2onnx lists a domain twice, or in any order, and version 1 of ai.onnx.ml.
    del model.opset_import[:]
    model.opset_import.extend(
        onnx.helper.make_opsetid(*opset) for opset in OPSETS.items()
    )
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString(deterministic=True)


def predict(model: bytes, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    options = onnxruntime.SessionOptions()
    # The order in which trees are summed up, so the last digit, depends on the threads.
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, ["CPUExecutionProvider"])
    label, probabilities = session.run(["label", "probabilities"], {"features": rows})
    return label, probabilities


def to_json(value: object) -> str:
    """Indented JSON with each innermost list on one line."""
    text = json.dumps(value, indent=1)
    innermost = r"\[[^\[\]{}]*\]"
    return re.sub(innermost, lambda row: re.sub(r"\s*\n\s*", " ", row[0]), text) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--out", type=Path, default=Path(__file__).parent, help="folder to write to"
    )
    out: Path = parser.parse_args().out
    (out / "models").mkdir(parents=True, exist_ok=True)

    iris = load_iris()
    # float32 before training: no threshold then lies between a value and its rounding.
    rows = iris.data.astype(np.float32)
    train_rows, test_rows, train_species, test_species = train_test_split(
        rows, iris.target, test_size=0.4, stratify=iris.target, random_state=SEED
    )

    predictions = {}
    for version, settings in FORESTS.items():
        forest = RandomForestClassifier(**settings, random_state=SEED).fit(
            train_rows, train_species
        )
        model = convert(forest, f"iris-{version}")
        label, probabilities = predict(model, rows)
        if not np.array_equal(label, forest.predict(rows)):
            raise SystemExit(
                f"iris-{version}: ONNX and scikit-learn disagree on a label"
            )
        difference = np.abs(probabilities - forest.predict_proba(rows)).max()

        (out / "models" / f"iris-{version}.onnx").write_bytes(model)
        predictions[version] = {
            "label": label.tolist(),
            "probabilities": probabilities.tolist(),
        }
        print(
            f"iris-{version}: accuracy {forest.score(test_rows, test_species):.3f} "
            f"on {len(test_rows)} held-out flowers, {len(model)} bytes, "
            f"probabilities within {difference:.1e} of scikit-learn"
        )

    # Every float32 is written as the double that it is.
    document = {
        "instances": rows.tolist(),
        "classes": iris.target_names.tolist(),
        "predictions": predictions,
    }
    (out / "predictions.json").write_text(to_json(document))


if __name__ == "__main__":
    main()
