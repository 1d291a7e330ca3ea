"""Trains an anomaly detector on generated access logs and writes it as ONNX.

The model is an autoencoder: it learns to reproduce the numbers of ordinary requests, and
what it reproduces badly is an anomaly. It takes eight numbers of a log line and gives a
score and, where the score is above that of 99.5 % of ordinary requests, 1. Also writes
predictions.json, what Python's onnxruntime answers for 200 log lines. The same packages
give the same bytes on every run.
"""

import argparse
import json
import re
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from sklearn.neural_network import MLPRegressor
from sklearn.preprocessing import StandardScaler

SEED = 20261130
OPSET = 17
REQUESTS = 20_000

# Fields of a log line, in the order of the model's input.
FEATURES = [
    "duration_ms",
    "queue_ms",
    "request_bytes",
    "response_bytes",
    "status",
    "retries",
    "cpu_percent",
    "memory_mb",
]


def ordinary(rng: np.random.Generator, n: int) -> np.ndarray:
    """Requests of a healthy shop, a row each; generate-logs.ts makes more of the same kind."""
    size = rng.lognormal(9.0, 0.8, n)
    load = rng.uniform(0.1, 0.8, n)
    duration = 8 + size / 900 + 60 * load**2 + rng.lognormal(1.0, 0.5, n)
    columns = [
        duration,
        2 + 25 * load**3 + rng.exponential(0.5, n),
        rng.lognormal(6.0, 0.6, n),
        size,
        rng.choice([200, 204, 304, 404], n, p=[0.86, 0.05, 0.06, 0.03]),
        rng.binomial(2, 0.02, n),
        100 * load + rng.normal(0, 2, n),
        400 + 300 * load + rng.normal(0, 10, n),
    ]
    return np.column_stack(columns).clip(0).round(2).astype(np.float32)


def unusual(rng: np.random.Generator, n: int) -> np.ndarray:
    """Requests of a shop in trouble: slow, leaking, failing, or being emptied."""
    rows = ordinary(rng, n)
    kind = rng.integers(0, 4, n)
    rows[kind == 0, 0] *= 40
    rows[kind == 1, 7] *= 4
    rows[kind == 2, 4] = 503
    rows[kind == 2, 5] = 5
    rows[kind == 3, 3] *= 400
    return rows.round(2)


def convert(scaler: StandardScaler, network: MLPRegressor, threshold: float) -> bytes:
    """Logarithm, scaling, two layers, and the mean square of what they miss."""
    (first, second), (first_bias, second_bias) = network.coefs_, network.intercepts_
    weights = {
        "one": np.array(1),
        "mean": scaler.mean_,
        "scale": scaler.scale_,
        "first": first,
        "first_bias": first_bias,
        "second": second,
        "second_bias": second_bias,
        "threshold": np.array(threshold),
    }
    node, tensor = onnx.helper.make_node, onnx.helper.make_tensor_value_info
    float32, int64 = onnx.TensorProto.FLOAT, onnx.TensorProto.INT64
    graph = onnx.helper.make_graph(
        [
            node("Add", ["features", "one"], ["shifted"]),
            node("Log", ["shifted"], ["logarithms"]),
            node("Sub", ["logarithms", "mean"], ["centered"]),
            node("Div", ["centered", "scale"], ["standard"]),
            node("Gemm", ["standard", "first", "first_bias"], ["sums"]),
            node("Tanh", ["sums"], ["hidden"]),
            node("Gemm", ["hidden", "second", "second_bias"], ["reproduced"]),
            node("Sub", ["standard", "reproduced"], ["missed"]),
            node("Mul", ["missed", "missed"], ["squares"]),
            node("ReduceMean", ["squares"], ["score"], axes=[1], keepdims=1),
            node("Greater", ["score", "threshold"], ["above"]),
            node("Cast", ["above"], ["anomaly"], to=int64),
        ],
        "log-anomaly",
        [tensor("features", float32, ["rows", len(FEATURES)])],
        [tensor("score", float32, ["rows", 1]), tensor("anomaly", int64, ["rows", 1])],
        [
            onnx.numpy_helper.from_array(value.astype(np.float32), name)
            for name, value in weights.items()
        ],
    )
    model = onnx.helper.make_model(
        graph, opset_imports=[onnx.helper.make_opsetid("", OPSET)], ir_version=8
    )
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString(deterministic=True)


def predict(model: bytes, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, ["CPUExecutionProvider"])
    return tuple(session.run(["score", "anomaly"], {"features": rows}))


def to_json(value: object) -> str:
    """Indented JSON with each innermost list or object on one line."""
    text = json.dumps(value, indent=1)
    innermost = r"[\[{][^\[\]{}]*[\]}]"
    return re.sub(innermost, lambda row: re.sub(r"\s*\n\s*", " ", row[0]), text) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--out", type=Path, default=Path(__file__).parent, help="folder to write to"
    )
    out: Path = parser.parse_args().out
    (out / "models").mkdir(parents=True, exist_ok=True)

    rng = np.random.default_rng(SEED)
    rows = np.log1p(ordinary(rng, REQUESTS))
    scaler = StandardScaler().fit(rows)
    standard = scaler.transform(rows)
    network = MLPRegressor(
        hidden_layer_sizes=(4,),
        activation="tanh",
        early_stopping=True,
        random_state=SEED,
        max_iter=1000,
    ).fit(standard, standard)
    scores = np.mean((standard - network.predict(standard)) ** 2, axis=1)
    model = convert(scaler, network, float(np.quantile(scores, 0.995)))

    good, bad = ordinary(rng, 2000), unusual(rng, 2000)
    found, false = predict(model, bad)[1].mean(), predict(model, good)[1].mean()
    print(
        f"log-anomaly: {found:.1%} of unusual requests found, {false:.1%} of ordinary ones, "
        f"{len(model)} bytes"
    )

    sample = np.concatenate([good[:180], bad[:20]])
    score, anomaly = predict(model, sample)
    document = {
        "fields": FEATURES,
        # As a log line has them: 42.17, not the float32's exact 42.16999816894531.
        "lines": [[float(str(x)) for x in row] for row in sample],
        "predictions": [
            {"score": float(a), "anomaly": int(b)}
            for a, b in zip(score[:, 0], anomaly[:, 0])
        ],
    }
    (out / "models" / "log-anomaly.onnx").write_bytes(model)
    (out / "predictions.json").write_text(to_json(document))


if __name__ == "__main__":
    main()
