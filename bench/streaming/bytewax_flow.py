"""The same with Bytewax: batches of up to 500 events of a partition, offsets in its recovery store, at least once.

python bytewax_flow.py MODEL SERVERS INPUT OUTPUT GROUP
"""

import sys
import tempfile
from datetime import timedelta
from pathlib import Path

import bytewax.operators as op
import orjson
from bytewax.connectors.kafka import KafkaSink, KafkaSinkMessage, KafkaSource, KafkaSourceMessage
from bytewax.dataflow import Dataflow
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.run import cli_main
from scorer import Scorer

model, servers, source, target, _group = sys.argv[1:]
scores_of = Scorer(model)


def score(messages: list[KafkaSourceMessage]) -> list[KafkaSinkMessage]:
    events = [orjson.loads(message.value) for message in messages]
    return [
        KafkaSinkMessage(message.key, orjson.dumps({"id": event["id"], "score": value}))
        for message, event, value in zip(messages, events, scores_of(events))
    ]


flow = Dataflow("score")
events = op.input("read", flow, KafkaSource([servers], [source], batch_size=500))
predictions = op.flat_map_batch("score", events, score)
op.output("write", predictions, KafkaSink([servers], target, {"linger.ms": "5", "compression.type": "lz4"}))

with tempfile.TemporaryDirectory() as store:
    init_db_dir(Path(store), 1)
    cli_main(flow, recovery_config=RecoveryConfig(store), epoch_interval=timedelta(seconds=1))
