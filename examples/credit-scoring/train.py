"""Trains a credit scorer on generated applications and writes it as ONNX.

The model has one input per feature, named like the columns of the table that the bank
scores every night. Also writes predictions.json, what Python's onnxruntime answers for
100 held-out applications, and warehouse/applications/2026-11-22.csv, the same
applications as a table. The same packages give the same bytes on every run.
"""

import argparse
import csv
import io
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
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

SEED = 20261122
OPSETS = {"": 17, "ai.onnx.ml": 3}
APPLICATIONS = 40_000

# The order of the training matrix's columns.
FEATURES = [
    "income",
    "debt_ratio",
    "loan_amount",
    "employment_years",
    "credit_lines",
    "late_payments_2y",
]


def applications(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Made-up applications, a row each, and whether the loan was not paid back."""
    n = APPLICATIONS
    income = rng.lognormal(np.log(38_000), 0.5, n).round(-2)
    debt_ratio = rng.beta(2, 5, n).round(3)
    loan_amount = (income * rng.lognormal(np.log(0.3), 0.7, n)).round(-2)
    employment_years = np.floor(rng.exponential(6, n))
    credit_lines = rng.poisson(3, n)
    late_payments = rng.poisson(0.4, n)

    risk = (
        -3.2
        + 3.0 * debt_ratio
        + 0.9 * np.log1p(loan_amount / income)
        + 0.7 * late_payments
        - 0.06 * employment_years
        - 0.3 * np.log(income / 38_000)
        + 0.05 * np.maximum(credit_lines - 6, 0)
    )
    defaulted = rng.random(n) < 1 / (1 + np.exp(-risk))
    rows = np.column_stack(
        [income, debt_ratio, loan_amount, employment_years, credit_lines, late_payments]
    )
    # float32 before training: no threshold then lies between a value and its rounding.
    return rows.astype(np.float32), defaulted.astype(np.int64)


def convert(model: object) -> bytes:
    converted = to_onnx(
        model,
        # A fixed graph name: skl2onnx would make up a random one.
        name="credit-scorer",
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


def to_table(instances: list[dict[str, float]]) -> str:
    """The applications as CSV, with a number and the branch that took each."""
    branches = ["Berlin", "Porto", "Kraków", "Lyon, Part-Dieu"]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["application_id", "branch", *FEATURES])
    for index, values in enumerate(instances):
        branch = branches[index % len(branches)]
        # As an application form has it: 42000, not 42000.0.
        numbers = [str(values[name]).removesuffix(".0") for name in FEATURES]
        writer.writerow([f"A-{index + 1:05}", branch, *numbers])
    return text.getvalue()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--out", type=Path, default=Path(__file__).parent, help="folder to write to"
    )
    out: Path = parser.parse_args().out
    table = out / "warehouse" / "applications" / "2026-11-22.csv"
    (out / "models").mkdir(parents=True, exist_ok=True)
    table.parent.mkdir(parents=True, exist_ok=True)

    rows, defaulted = applications(np.random.default_rng(SEED))
    train_rows, test_rows, train_defaulted, test_defaulted = train_test_split(
        rows, defaulted, test_size=0.25, stratify=defaulted, random_state=SEED
    )
    scorer = make_pipeline(
        # Changes no number; it makes the converter give each column its own input.
        ColumnTransformer([("features", "passthrough", list(range(len(FEATURES))))]),
        # Compares in float32, as ONNX does; HistGradientBoostingClassifier does not.
        GradientBoostingClassifier(
            n_estimators=60, max_depth=3, subsample=0.5, random_state=SEED
        ),
    ).fit(train_rows, train_defaulted)

    model = convert(scorer)
    label, probabilities = predict(model, rows)
    if not np.array_equal(label, scorer.predict(rows)):
        raise SystemExit("credit-scorer: ONNX and scikit-learn disagree on a label")
    difference = np.abs(probabilities - scorer.predict_proba(rows)).max()
    scores = predict(model, test_rows)[1][:, 1]
    print(
        f"credit-scorer: ROC-AUC {roc_auc_score(test_defaulted, scores):.3f} on "
        f"{len(test_rows)} held-out applications, {test_defaulted.mean():.2%} defaults, "
        f"{len(model)} bytes, probabilities within {difference:.1e} of scikit-learn"
    )

    sample = test_rows[:100]
    label, probabilities = predict(model, sample)
    # As a client would send them: 0.317, not the float32's exact 0.31700000166893005.
    instances = [
        dict(zip(FEATURES, (float(str(x)) for x in row))) for row in sample
    ]
    document = {
        "instances": instances,
        "predictions": {
            "label": label.tolist(),
            "probabilities": probabilities.tolist(),
        },
    }
    (out / "models" / "credit-scorer.onnx").write_bytes(model)
    (out / "predictions.json").write_text(to_json(document))
    table.write_text(to_table(instances))


if __name__ == "__main__":
    main()
