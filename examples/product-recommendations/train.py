"""Trains a product recommender on generated users and writes it as ONNX.

The model takes what is known of a user, twelve numbers, and gives a score for each of 40
products. Also writes products.json, their names in the order of the scores, and
predictions.json, what Python's onnxruntime answers for 50 users. The same packages give
the same bytes on every run.
"""

import argparse
import json
import re
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from sklearn.linear_model import Ridge
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

SEED = 20261122
OPSET = 17
USERS = 20_000
TOP = 5

# Columns of the table of users, in the order of the model's input.
FEATURES = [
    "age",
    "tenure_days",
    "visits_30d",
    "orders_90d",
    "basket_value",
    "discount_share",
    "spend_books",
    "spend_garden",
    "spend_kitchen",
    "spend_outdoor",
    "spend_toys",
    "spend_music",
]
CATEGORIES = ["books", "garden", "kitchen", "outdoor", "toys", "music"]
PRODUCTS = [
    f"{category}-{number:02}" for number in range(1, 8) for category in CATEGORIES
][:40]


def users(rng: np.random.Generator, n: int) -> np.ndarray:
    """Made-up users, a row each; generate-users.ts makes more of the same kind."""
    columns = [
        rng.uniform(18, 80, n),
        rng.uniform(0, 3000, n),
        rng.uniform(0, 40, n),
        rng.uniform(0, 12, n),
        rng.uniform(5, 150, n),
        rng.uniform(0, 1, n),
        *(rng.uniform(0, 300, n) * (rng.random(n) < 0.4) for _ in CATEGORIES),
    ]
    # Two decimals, as the table has them.
    return np.column_stack(columns).round(2).astype(np.float32)


def purchases(rng: np.random.Generator, rows: np.ndarray) -> np.ndarray:
    """How likely each user buys each product: taste, price, and chance."""
    taste = np.log1p(rows[:, 6:])
    category = np.array([CATEGORIES.index(name.split("-")[0]) for name in PRODUCTS])
    price = rng.uniform(5, 200, len(PRODUCTS))
    appeal = rng.normal(0, 0.5, len(PRODUCTS))
    fits_budget = -np.abs(np.log(rows[:, [4]]) - np.log(price)) * 0.4
    old_or_young = np.outer((rows[:, 0] - 45) / 20, rng.normal(0, 0.3, len(PRODUCTS)))
    bargain = np.outer(rows[:, 5], price < 40)
    logits = taste[:, category] * 0.6 + fits_budget + old_or_young + bargain + appeal - 2
    return 1 / (1 + np.exp(-logits - rng.normal(0, 0.2, logits.shape)))


def convert(scaler: StandardScaler, network: MLPRegressor) -> bytes:
    """Two layers; the scaling of the columns becomes part of the first one."""
    (first, second), (first_bias, second_bias) = network.coefs_, network.intercepts_
    scaled = first / scaler.scale_[:, None]
    weights = {
        "first": scaled,
        "first_bias": first_bias - scaler.mean_ @ scaled,
        "second": second,
        "second_bias": second_bias,
    }
    node, tensor = onnx.helper.make_node, onnx.helper.make_tensor_value_info
    float32 = onnx.TensorProto.FLOAT
    graph = onnx.helper.make_graph(
        [
            node("Gemm", ["features", "first", "first_bias"], ["sums"]),
            node("Relu", ["sums"], ["hidden"]),
            node("Gemm", ["hidden", "second", "second_bias"], ["scores"]),
        ],
        "product-recommender",
        [tensor("features", float32, ["rows", len(FEATURES)])],
        [tensor("scores", float32, ["rows", len(PRODUCTS)])],
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


def predict(model: bytes, rows: np.ndarray) -> np.ndarray:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, ["CPUExecutionProvider"])
    return session.run(["scores"], {"features": rows})[0]


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
    rows = users(rng, USERS)
    bought = purchases(rng, rows)
    train, test = slice(0, -2000), slice(-2000, None)
    recommender = make_pipeline(
        StandardScaler(),
        MLPRegressor(
            hidden_layer_sizes=(32,), early_stopping=True, random_state=SEED
        ),
    ).fit(rows[train], bought[train])
    baseline = make_pipeline(StandardScaler(), Ridge()).fit(rows[train], bought[train])

    model = convert(*recommender)
    scores = predict(model, rows[test])
    difference = np.abs(scores - recommender.predict(rows[test])).max()

    def hits(predicted: np.ndarray) -> float:
        """Share of the best products that are among the first recommended ones."""
        best = np.argsort(-bought[test], axis=1)[:, :TOP]
        first = np.argsort(-predicted, axis=1)[:, :TOP]
        return float(np.mean([len(set(a) & set(b)) / TOP for a, b in zip(best, first)]))

    print(
        f"product-recommender: {hits(scores):.0%} of the {TOP} best products found for "
        f"{len(scores)} held-out users (a linear model: "
        f"{hits(baseline.predict(rows[test])):.0%}), {len(model)} bytes, "
        f"scores within {difference:.1e} of scikit-learn"
    )

    sample = rows[test][:50]
    document = {
        # As a client would send them: 42.17, not the float32's exact 42.16999816894531.
        "instances": [[float(str(x)) for x in row] for row in sample],
        "predictions": predict(model, sample).tolist(),
    }
    (out / "models" / "product-recommender.onnx").write_bytes(model)
    (out / "products.json").write_text(to_json(PRODUCTS))
    (out / "predictions.json").write_text(to_json(document))


if __name__ == "__main__":
    main()
