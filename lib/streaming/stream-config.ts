import { type ModelConfig, PORTS, STREAM_SCHEMA, type StreamConfig } from '../contract';
import { renderModelConfig, renderWarmUp, WarmUp } from '../online';
import { renderEventOutput, renderInputFields } from './format';
import type { StreamSettings } from './stream-settings';
import type { StreamingConsumerProps } from './streaming-consumer-props';

const DEFAULT_RATIO = 0.1;
const DEFAULT_WINDOW = 1000;

/** The configuration file of a streaming consumer. The same input gives the same text, byte by byte. */
export function renderStreamConfig(props: StreamingConsumerProps, settings: StreamSettings): string {
  const { inputFormat, outputFormat } = settings;
  const config: StreamConfig = {
    schema: STREAM_SCHEMA,
    name: settings.name,
    models: modelConfigs(settings),
    source: settings.source,
    sink: settings.sink,
    deadLetter: settings.deadLetter,
    delivery: settings.delivery._guarantee,
    input: {
      format: inputFormat._format,
      schemaRegistry: settings.inputRegistry,
      inputs: inputFormat._format === 'tensor' ? undefined : renderInputFields(props),
    },
    output: { ...renderEventOutput({ ...props, inputFormat, outputFormat }), schemaRegistry: settings.outputRegistry },
    batching: {
      maxRows: settings.maxRows,
      maxBytes: settings.maxBatchBytes,
      maxDelayMillis: settings.maxDelayMillis,
    },
    maxInFlight: settings.maxInFlight,
    maxDeadLetterRatio: props.maxDeadLetterRatio ?? DEFAULT_RATIO,
    deadLetterWindow: props.deadLetterWindow ?? DEFAULT_WINDOW,
    maxEventBytes: settings.maxEventBytes,
    stuckAfterMillis: Math.ceil(settings.stuckMillis),
    metricsPort: PORTS.metrics,
    drainTimeoutMillis: Math.ceil(settings.drainMillis),
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}

/** The model with what is around it, then the one of its fallback. */
function modelConfigs({ models: { models }, stages }: StreamSettings): ModelConfig[] {
  return models.map((bound, index) => ({
    ...renderModelConfig(bound, undefined, renderWarmUp(WarmUp.zeros())),
    ...(index === 0 ? stages : {}),
  }));
}
