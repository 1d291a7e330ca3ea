"""The loops that people write in Python: columns to ONNX Runtime to Parquet (id, score). Prints one line of JSON.

`pyarrow`: ParquetFile.iter_batches. `duckdb`: DuckDB's Arrow reader, two threads, the fastest of them. `ray`: Ray Data, with one
actor for the model; its start is not measured. `read`: what DuckDB needs to read the same columns of the file, and nothing else:
they are added up where they are. `copy`: the same, and DuckDB writes the id and a sum of each row to Parquet, in their order.
"""

import json
import resource
import sys
import time
from collections.abc import Iterator

import duckdb
import numpy as np
import onnxruntime
import pyarrow as pa
import pyarrow.parquet as pq

BATCH = 65_536
FEATURES = [f"f{index}" for index in range(10)]
COLUMNS = ["id", *FEATURES]


def session(path: str) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options, ["CPUExecutionProvider"])


def source(path: str) -> str:
    if path.endswith(".csv"):
        types = ", ".join(f"'{name}': '{'BIGINT' if name == 'id' else 'DOUBLE'}'" for name in COLUMNS)
        return f"read_csv('{path}', header = true, types = {{{types}}})"
    if path.endswith(".jsonl"):
        types = ", ".join(f"'{name}': '{'BIGINT' if name == 'id' else 'DOUBLE'}'" for name in COLUMNS)
        return f"read_json('{path}', format = 'newline_delimited', columns = {{{types}}})"
    return f"read_parquet('{path}')"


def batches(peer: str, path: str) -> Iterator[pa.RecordBatch]:
    if peer == "pyarrow":
        yield from pq.ParquetFile(path).iter_batches(BATCH, columns=COLUMNS)
        return
    connection = duckdb.connect()
    connection.execute("SET threads = 2")
    connection.execute("SET preserve_insertion_order = false")
    columns = ", ".join(["id", *(f"{name}::FLOAT AS {name}" for name in FEATURES)])
    yield from connection.sql(f"SELECT {columns} FROM {source(path)}").to_arrow_reader(BATCH)


def read(path: str) -> int:
    connection = duckdb.connect()
    connection.execute("SET threads = 2")
    sums = ", ".join(f"sum({name})" for name in COLUMNS)
    return connection.execute(f"SELECT count(*), {sums} FROM {source(path)}").fetchone()[0]


def copy(path: str, output: str) -> int:
    connection = duckdb.connect()
    connection.execute("SET threads = 2")
    score = " + ".join(FEATURES)
    query = f"COPY (SELECT id, ({score})::FLOAT AS score FROM {source(path)}) TO '{output}' (FORMAT parquet, COMPRESSION snappy)"
    return connection.execute(query).fetchone()[0]


def score(peer: str, model: str, path: str, output: str) -> int:
    inference = session(model)
    rows = 0
    schema = pa.schema([("id", pa.int64()), ("score", pa.float32())])
    with pq.ParquetWriter(output, schema, compression="snappy") as writer:
        for batch in batches(peer, path):
            inputs = np.empty((batch.num_rows, len(FEATURES)), np.float32)
            for index, name in enumerate(FEATURES):
                inputs[:, index] = batch.column(name)
            (scores,) = inference.run(None, {"input": inputs})
            writer.write_batch(pa.record_batch([batch.column("id"), pa.array(scores.reshape(-1))], schema=schema))
            rows += batch.num_rows
    return rows


class Scorer:
    """One actor of Ray Data."""

    def __init__(self, model: str):
        self.inference = session(model)

    def __call__(self, batch: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        inputs = np.stack([batch[name] for name in FEATURES], axis=1).astype(np.float32)
        (scores,) = self.inference.run(None, {"input": inputs})
        return {"id": batch["id"], "score": scores.reshape(-1)}


def score_with_ray(model: str, path: str, output: str) -> int:
    import ray

    table = ray.data.read_parquet(path, columns=COLUMNS)
    scored = table.map_batches(Scorer, fn_constructor_args=[model], batch_size=BATCH, batch_format="numpy", concurrency=1)
    scored.write_parquet(output, compression="snappy")
    return pq.ParquetDataset(output).read(columns=["id"]).num_rows


def start_ray() -> None:
    import ray

    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="error")
    ray.data.DataContext.get_current().enable_progress_bars = False


peer, model, path, output = sys.argv[1:]
if peer == "ray":
    start_ray()
started, cpu = time.perf_counter(), time.process_time()
if peer == "read":
    rows = read(path)
elif peer == "copy":
    rows = copy(path, output)
elif peer == "ray":
    rows = score_with_ray(model, path, output)
else:
    rows = score(peer, model, path, output)
print(
    json.dumps(
        {
            "rows": rows,
            "seconds": time.perf_counter() - started,
            "cpuSeconds": time.process_time() - cpu,
            "peakMb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000,
        }
    )
)
