"""Makes the model (a perceptron 10-64-32-1) and tables of id, four texts and ten numbers: Parquet, and one as CSV and JSON lines."""

import sys
from pathlib import Path

import duckdb
import numpy as np
import onnx
import pyarrow as pa
import pyarrow.parquet as pq
from onnx import TensorProto, helper, numpy_helper

GROUP = 122_880
FEATURES = 10


def model(path: Path) -> None:
    random = np.random.default_rng(2)

    def weights(name: str, *shape: int) -> onnx.TensorProto:
        return numpy_helper.from_array((random.normal(size=shape) * 0.3).astype(np.float32), name)

    nodes, source = [], "input"
    for layer, activation in enumerate(["Relu", "Relu", "Sigmoid"], start=1):
        target = "score" if activation == "Sigmoid" else f"h{layer}"
        nodes.append(helper.make_node("Gemm", [source, f"w{layer}", f"b{layer}"], [f"z{layer}"]))
        nodes.append(helper.make_node(activation, [f"z{layer}"], [target]))
        source = target
    sizes = [FEATURES, 64, 32, 1]
    initializers = []
    for layer in range(1, 4):
        initializers += [weights(f"w{layer}", sizes[layer - 1], sizes[layer]), weights(f"b{layer}", sizes[layer])]
    graph = helper.make_graph(
        nodes,
        "mlp",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["N", FEATURES])],
        [helper.make_tensor_value_info("score", TensorProto.FLOAT, ["N", 1])],
        initializers,
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)


def table(path: Path, rows: int) -> None:
    random = np.random.default_rng(1)
    cities = np.array([f"city-{index:04d}" for index in range(5000)])
    writer = None
    for start in range(0, rows, GROUP):
        count = min(GROUP, rows - start)
        columns = {
            "id": pa.array(np.arange(start, start + count, dtype=np.int64)),
            "user": pa.array([f"user-{value:08x}" for value in random.integers(0, 1 << 32, count)]),
            "city": pa.array(cities[random.integers(0, len(cities), count)]),
            "tier": pa.array(np.array(["a", "b", "c", "d"])[random.integers(0, 4, count)]),
            "token": pa.array([f"{value:016x}" for value in random.integers(0, 1 << 62, count)]),
        }
        for feature in range(FEATURES):
            columns[f"f{feature}"] = pa.array(random.normal(size=count))
        rows_of_group = pa.table(columns)
        writer = writer or pq.ParquetWriter(path, rows_of_group.schema, compression="snappy")
        writer.write_table(rows_of_group, row_group_size=GROUP)
    writer.close()


def main(directory: Path, sizes: list[int]) -> None:
    model(directory / "mlp.onnx")
    for rows in sizes:
        path = directory / f"{rows}.parquet"
        if not path.exists():
            table(path, rows)
    source = directory / "2000000.parquet"
    for name, options in (("2000000.csv", "FORMAT csv, HEADER"), ("2000000.jsonl", "FORMAT json")):
        if source.exists() and not (directory / name).exists():
            duckdb.sql(f"COPY (FROM '{source}') TO '{directory / name}' ({options})")


main(Path(sys.argv[1]), [int(size) for size in sys.argv[2:]])
