"""Trains a card fraud detector on generated transactions and writes it as ONNX.

The model has one input per feature, so that a server can take some from the request and
look others up by name. Also writes predictions.json, what Python's onnxruntime answers
for 100 held-out transactions, features.redis, the commands that store what is looked up
for them, and warm-up.json, a request to warm a server up with. The same packages give
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
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

SEED = 20261101
OPSETS = {"": 17, "ai.onnx.ml": 3}
TRANSACTIONS = 60_000
FRAUD_RATE = 0.015

# The order of the training matrix's columns. amount_avg_7d and tx_count_1h live in a
# feature store: a server gets them by card, and takes 0 for a card that it lacks.
FEATURES = [
    "amount",
    "hour",
    "merchant_risk",
    "distance_from_home_km",
    "card_present",
    "card_age_days",
    "amount_avg_7d",
    "tx_count_1h",
]

# What a server looks up by card: the fields of the card's hash.
LOOKED_UP = ["amount_avg_7d", "tx_count_1h"]

# An ordinary purchase, an online spree, and a new card that the feature store lacks.
WARM_UP = [
    dict(zip(FEATURES, [42.5, 14, 0.12, 3.2, 1, 812, 38.4, 0])),
    dict(zip(FEATURES, [899.0, 3, 0.64, 1240.0, 0, 95, 51.2, 6])),
    dict(zip(FEATURES, [18.9, 9, 0.2, 0.8, 1, 2, 0, 0])),
]


def transactions(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Made-up card transactions, a row each, and whether each is a fraud."""
    n = TRANSACTIONS
    fraud = rng.random(n) < FRAUD_RATE
    # Stolen numbers are tested with small sums, then used online; stolen cards are used
    # in shops far away; and some frauds look like any other purchase, so that, as in
    # reality, no model finds them all.
    ways = ["number tested", "number used", "card stolen", "unremarkable"]
    way = np.where(fraud, rng.choice(ways, size=n, p=[0.25, 0.35, 0.25, 0.15]), "")
    tested, used, stolen = (way == name for name in ways[:3])

    usual = rng.lognormal(np.log(35), 0.6, n)
    times_usual = np.select([tested, used, stolen], [0.08, 7.0, 4.0], 1.0)
    amount = usual * times_usual * rng.lognormal(0, 0.7, n)

    at_night = rng.random(n) < np.select([used, stolen], [0.5, 0.3], 0.04)
    hour = np.where(at_night, rng.integers(0, 6, n), rng.normal(14.5, 3.8, n) % 24)

    merchant_risk = np.where(tested | used, rng.beta(4, 5, n), rng.beta(2, 9, n))

    travelling = rng.random(n) < np.select([stolen, used], [0.6, 0.5], 0.03)
    distance = np.where(
        travelling, rng.exponential(900, n), rng.lognormal(np.log(4), 1.1, n)
    )

    card_present = rng.random(n) < np.select(
        [tested | used, stolen], [0.02, 0.95], 0.68
    )

    card_age_days = rng.exponential(np.where(fraud, 700, 1000), n)

    # A card without a purchase in the last 7 days has no average and no count.
    idle = rng.random(n) < 0.08
    amount_avg_7d = np.where(idle, 0, usual * rng.lognormal(0, 0.25, n))
    tx_count_1h = np.where(
        idle, 0, rng.poisson(np.select([tested, used, stolen], [5.0, 2.5, 1.5], 0.25))
    )

    columns = {
        "amount": np.maximum(amount, 0.5).round(2),
        "hour": np.floor(hour),
        "merchant_risk": merchant_risk.round(2),
        "distance_from_home_km": distance.round(1),
        "card_present": card_present,
        "card_age_days": np.floor(card_age_days),
        "amount_avg_7d": amount_avg_7d.round(2),
        "tx_count_1h": tx_count_1h,
    }
    rows = np.column_stack([columns[name] for name in FEATURES])
    # float32 before training: no threshold then lies between a value and its rounding.
    return rows.astype(np.float32), fraud.astype(np.int64)


def convert(model: object) -> bytes:
    converted = to_onnx(
        model,
        # A fixed graph name: skl2onnx would make up a random one.
        name="fraud-detector",
        initial_types=[(name, FloatTensorType([None, 1])) for name in FEATURES],
        target_opset=OPSETS,
        # Tensors instead of a sequence of maps, which onnxruntime-node cannot read.
        options={"zipmap": False},
    )
    # skl2onnx lists a domain twice, or in any order, and version 1 of ai.onnx.ml.
    del converted.opset_import[:]
    converted.opset_import.extend(
        onnx.helper.make_opsetid(*opset) for opset in OPSETS.items()
    )
    onnx.checker.check_model(converted, full_check=True)
    return converted.SerializeToString(deterministic=True)


def predict(model: bytes, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    options = onnxruntime.SessionOptions()
    # The order in which trees are summed up, so the last digit, depends on the threads.
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, ["CPUExecutionProvider"])
    inputs = {name: rows[:, [column]] for column, name in enumerate(FEATURES)}
    label, probabilities = session.run(["label", "probabilities"], inputs)
    return label, probabilities


def to_json(value: object) -> str:
    """Indented JSON with each innermost list or object on one line."""
    text = json.dumps(value, indent=1)
    innermost = r"[\[{][^\[\]{}]*[\]}]"
    return re.sub(innermost, lambda row: re.sub(r"\s*\n\s*", " ", row[0]), text) + "\n"


def to_commands(instances: list[dict[str, float]]) -> str:
    """A Redis command for the card of each transaction: card-001, card-002, …"""
    return "".join(
        f"HSET card_id:card-{card:03} "
        + " ".join(f"{name} {str(values[name]).removesuffix('.0')}" for name in LOOKED_UP)
        + "\n"
        for card, values in enumerate(instances, start=1)
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--out", type=Path, default=Path(__file__).parent, help="folder to write to"
    )
    out: Path = parser.parse_args().out
    (out / "models").mkdir(parents=True, exist_ok=True)

    rows, fraud = transactions(np.random.default_rng(SEED))
    train_rows, test_rows, train_fraud, test_fraud = train_test_split(
        rows, fraud, test_size=0.4, stratify=fraud, random_state=SEED
    )
    detector = make_pipeline(
        # Changes no number; it makes the converter give each column its own input.
        ColumnTransformer([("features", "passthrough", list(range(len(FEATURES))))]),
        # Compares in float32, as ONNX does; HistGradientBoostingClassifier does not.
        GradientBoostingClassifier(
            n_estimators=100, max_depth=3, subsample=0.5, random_state=SEED
        ),
    ).fit(train_rows, train_fraud)

    model = convert(detector)
    label, probabilities = predict(model, rows)
    if not np.array_equal(label, detector.predict(rows)):
        raise SystemExit("fraud-detector: ONNX and scikit-learn disagree on a label")
    difference = np.abs(probabilities - detector.predict_proba(rows)).max()
    scores = predict(model, test_rows)[1][:, 1]
    print(
        f"fraud-detector: ROC-AUC {roc_auc_score(test_fraud, scores):.3f}, "
        f"average precision {average_precision_score(test_fraud, scores):.3f} "
        f"on {len(test_rows)} held-out transactions, {test_fraud.mean():.2%} frauds, "
        f"{len(model)} bytes, probabilities within {difference:.1e} of scikit-learn"
    )

    # More frauds than there are in reality, or nearly every answer would be the same.
    frauds, others = np.flatnonzero(test_fraud == 1), np.flatnonzero(test_fraud == 0)
    sample = np.sort(np.concatenate([frauds[:20], others[:80]]))
    label, probabilities = predict(model, test_rows[sample])
    document = {
        # As a client would send them: 58.17, not the float32's exact 58.16999816894531.
        "instances": [
            dict(zip(FEATURES, (float(str(x)) for x in row)))
            for row in test_rows[sample]
        ],
        "predictions": {
            "label": label.tolist(),
            "probabilities": probabilities.tolist(),
        },
    }
    (out / "models" / "fraud-detector.onnx").write_bytes(model)
    (out / "predictions.json").write_text(to_json(document))
    (out / "features.redis").write_text(to_commands(document["instances"]))
    (out / "warm-up.json").write_text(to_json({"instances": WARM_UP}))


if __name__ == "__main__":
    main()
