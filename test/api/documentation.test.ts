import { readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Member {
  readonly name: string;
  readonly optional?: boolean;
  readonly docs?: { readonly summary?: string; readonly default?: string };
  readonly parameters?: Member[];
}

interface Type {
  readonly name: string;
  readonly kind: string;
  readonly datatype?: boolean;
  readonly docs?: { readonly summary?: string };
  readonly properties?: Member[];
  readonly methods?: Member[];
  readonly members?: Member[];
}

/** The public API as jsii sees it, so as every language sees it; `npm run compile` writes it. */
const ASSEMBLY: { types: { [name: string]: Type } } = JSON.parse(readFileSync(join(__dirname, '../../.jsii'), 'utf8'));
const types = Object.values(ASSEMBLY.types);

test.each(types.map((type) => [type.name, type] as const))('%s is documented', (_name, type) => {
  const members = [...(type.properties ?? []), ...(type.methods ?? []), ...(type.members ?? [])];
  const undocumented = members.filter(({ docs }) => !docs?.summary).map(({ name }) => name);
  expect(type.docs?.summary).toEqual(expect.any(String));
  expect(undocumented).toEqual([]);
});

test.each(types.filter(({ datatype }) => datatype).map((type) => [type.name, type] as const))(
  'every optional field of %s tells its default',
  (_name, { properties = [] }) => {
    expect(properties.filter(({ optional, docs }) => optional && !docs?.default).map(({ name }) => name)).toEqual([]);
  },
);

test('parameters of factories are documented', () => {
  const missing = types.flatMap(({ name: type, methods = [] }) =>
    methods.flatMap(({ name, parameters = [] }) =>
      parameters.filter(({ docs }) => !docs?.summary).map((parameter) => `${type}.${name}(${parameter.name})`),
    ),
  );
  expect(missing).toEqual([]);
});

test('the public API is what it is meant to be, and nothing else', () => {
  expect(types.map(({ kind, name }) => `${kind} ${name}`).sort()).toMatchInlineSnapshot(`
[
  "class Authentication",
  "class BatchJob",
  "class Batching",
  "class CanaryRollout",
  "class CanaryStep",
  "class Dataset",
  "class Delivery",
  "class DisruptionBudget",
  "class EventFormat",
  "class EventSink",
  "class EventSource",
  "class Fallback",
  "class FeatureLookup",
  "class Gpu",
  "class Guardrail",
  "class InputFields",
  "class JwtKeys",
  "class KafkaLogin",
  "class Ledger",
  "class MetricsSource",
  "class MissingData",
  "class Model",
  "class ModelAccess",
  "class ModelGateway",
  "class ModelSource",
  "class MountedFile",
  "class NetworkPeer",
  "class Notification",
  "class OnlineModel",
  "class OutcomeMetric",
  "class PredictionColumn",
  "class PredictionLog",
  "class PredictionLookup",
  "class PredictionSink",
  "class RateLimit",
  "class ResponseCache",
  "class Scaling",
  "class Schedule",
  "class ServingPolicy",
  "class ServingTls",
  "class SpotNodes",
  "class Stickiness",
  "class StreamingConsumer",
  "class Tracing",
  "class WarmUp",
  "enum CloudEventMode",
  "enum DeadMan",
  "enum DesiredChange",
  "enum JwtAlgorithm",
  "enum KafkaCompression",
  "enum MissingDataAction",
  "enum StartPosition",
  "enum TaintEffect",
  "enum TrafficCapability",
  "enum Weekday",
  "interface AnalysisStepOptions",
  "interface AzureBlobSourceOptions",
  "interface BatchJobProps",
  "interface BrokerTls",
  "interface CachedFallbackOptions",
  "interface CanaryRolloutProps",
  "interface CloudEventsOptions",
  "interface CpuScalingOptions",
  "interface CsvDatasetOptions",
  "interface CustomSpotNodesOptions",
  "interface DailyScheduleOptions",
  "interface DatasetOptions",
  "interface DirectMetricsOptions",
  "interface DisagreementGuardrailOptions",
  "interface DownloadOptions",
  "interface DynamicBatchingOptions",
  "interface ElementColumnOptions",
  "interface ErrorRateGuardrailOptions",
  "interface ErrorRateIncreaseGuardrailOptions",
  "interface FeatureStoreTls",
  "interface FilePredictionLogOptions",
  "interface FileSinkOptions",
  "interface GcsSourceOptions",
  "interface GuardrailOptions",
  "interface HeaderStepOptions",
  "interface HourlyScheduleOptions",
  "interface HttpPredictionLogOptions",
  "interface HttpSinkOptions",
  "interface HttpsSourceOptions",
  "interface IModelGateway",
  "interface IServedModel",
  "interface ITrafficRouter",
  "interface ImageSourceOptions",
  "interface InMemoryCacheOptions",
  "interface InputFieldsOptions",
  "interface JwtOptions",
  "interface KafkaClusterOptions",
  "interface KafkaSinkOptions",
  "interface KafkaSourceOptions",
  "interface LagScalingOptions",
  "interface LatencyGuardrailOptions",
  "interface LatencyIncreaseGuardrailOptions",
  "interface MissingDataHoldOptions",
  "interface ModelGatewayProps",
  "interface ModelResources",
  "interface ModelRouteOptions",
  "interface ModelSignature",
  "interface NatsServerOptions",
  "interface NatsSinkOptions",
  "interface NatsSourceOptions",
  "interface ObjectStoreOptions",
  "interface OnlineModelProps",
  "interface OnnxModelProps",
  "interface OtlpTracingOptions",
  "interface OutcomeGuardrailOptions",
  "interface PersistentVolumeClaimSourceOptions",
  "interface PodOptions",
  "interface PodPeerOptions",
  "interface PredictionLogOptions",
  "interface PredictionLookupProps",
  "interface PrometheusMetricsOptions",
  "interface PrometheusOutcomeOptions",
  "interface ProxyResources",
  "interface RedisLookupOptions",
  "interface RedisServerOptions",
  "interface RedisSinkOptions",
  "interface RedisStreamSinkOptions",
  "interface RedisStreamSourceOptions",
  "interface RegisteredFormatOptions",
  "interface ReportedOutcomeOptions",
  "interface S3SourceOptions",
  "interface ScheduleOptions",
  "interface ServingLimits",
  "interface ServingPolicyProps",
  "interface ServingTlsOptions",
  "interface ShadowStepOptions",
  "interface StepForecast",
  "interface StreamingConsumerProps",
  "interface TensorMetadata",
  "interface Toleration",
  "interface TopKColumnOptions",
  "interface TrafficSplit",
  "interface TrafficSplitRequest",
  "interface ValueColumnOptions",
  "interface WarmUpOptions",
  "interface WebhookNotificationOptions",
  "interface WeeklyScheduleOptions",
  "interface WeightStepOptions",
]
`);
});
