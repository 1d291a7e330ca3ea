import { readFileSync } from 'node:fs';
import { parse } from 'secure-json-parse';
import * as z from 'zod';
import type { ServingConfig } from '../contract';
import { errorCode, errorMessage } from '../telemetry';
import { ConfigurationError, type ConfigurationProblem } from './error';
import { problemsOf, shown } from './problems';
import { containerPath, currentSandbox, type Sandbox } from './sandbox';
import { configSchema } from './schema';
import { standInAddress, standInUrl } from './stand-in';

/**
 * Reads and checks the configuration file.
 *
 * @param file path of the file inside the container
 * @returns the configuration, with the paths and ports of the sandbox when the process runs in one
 * @throws ConfigurationError with everything that is wrong at once
 */
export function loadConfig(file: string): ServingConfig {
  const sandbox = currentSandbox();
  const config = checkConfig(parseFile(file), `configuration ${file}`);
  return sandbox === undefined ? config : inSandbox(config, sandbox);
}

/**
 * Checks a configuration that is already parsed.
 *
 * @throws ConfigurationError with everything that is wrong at once
 */
export function checkConfig(input: unknown, subject: string): ServingConfig {
  const parsed = configSchema.safeParse(input);
  const problems = [...(parsed.success ? [] : problemsOf(parsed.error.issues, input)), ...clashes(input)];
  if (!parsed.success || problems.length > 0) {
    throw new ConfigurationError(subject, problems);
  }
  return parsed.data;
}

/**
 * Reads a configuration file, unchecked.
 *
 * @param file path of the file inside the container
 * @throws ConfigurationError when it cannot be read, or is not JSON
 */
export function parseFile(file: string): unknown {
  const subject = `configuration ${file}`;
  let text: string;
  try {
    text = readFileSync(containerPath(file), 'utf8');
  } catch (error) {
    throw new ConfigurationError(subject, [
      {
        path: '',
        rule: errorCode(error) === 'ENOENT' ? 'the file exists' : `the file can be read (${errorMessage(error)})`,
        fix: 'Give the path of config.json by --config.',
      },
    ]);
  }
  try {
    return parse(text, undefined, { protoAction: 'error', constructorAction: 'error' });
  } catch (error) {
    throw new ConfigurationError(subject, [
      {
        path: '',
        rule: `is JSON (${errorMessage(error)})`,
        fix: 'Synthesize the file again; it is written by the library, not by hand.',
      },
    ]);
  }
}

// Read again, loosely, so that these are found together with whatever else is wrong.
const loosely = z.object({
  models: z
    .array(
      z
        .object({ name: z.unknown(), version: z.unknown(), path: z.unknown(), fallback: z.unknown().optional() })
        .catch({ name: 0, version: 0, path: 0 }),
    )
    .catch([]),
  server: z.record(z.string(), z.unknown()).catch({}),
});

const PORT_KEYS = ['httpPort', 'grpcPort', 'metricsPort', 'management.port'];
const portOf = z.object({ port: z.unknown() });
const modelOf = z.object({ model: z.object({ name: z.unknown(), version: z.unknown() }) });

function managementPort(management: unknown): unknown {
  return portOf.safeParse(management).data?.port;
}

/** Fallbacks that name a model which the configuration has not, or the model itself. */
function unknownFallbacks(
  models: readonly { fallback?: unknown }[],
  names: readonly (string | undefined)[],
): ConfigurationProblem[] {
  return models.flatMap(({ fallback }, index) => {
    const reference = modelOf.safeParse(fallback).data?.model;
    const named = reference && shown([reference.name, reference.version]);
    return named === undefined || (names.includes(named) && names[index] !== named)
      ? []
      : [
          {
            path: `models[${index}].fallback.model`,
            value: named,
            rule: 'is another model of this configuration',
            fix: 'Add that model to the configuration, or name one of it.',
          },
        ];
  });
}

/** Rules that tie several values together. */
function clashes(input: unknown): ConfigurationProblem[] {
  const { data } = loosely.safeParse(input);
  if (data === undefined) {
    return [];
  }
  const models = data.models.map(({ name, version }) => shown([name, version]));
  const paths = data.models.map(({ path }) => shown(path));
  const { management, ...server } = data.server;
  const numbers = [server.httpPort, server.grpcPort, server.metricsPort, managementPort(management)].map(shown);
  return [
    ...repeated(models).map((index) => ({
      path: `models[${index}]`,
      value: models[index],
      rule: 'name and version are together unique',
      fix: 'Give one of the two another version.',
    })),
    ...repeated(paths).map((index) => ({
      path: `models[${index}].path`,
      value: paths[index],
      rule: 'is a file of its own for every model',
      fix: 'Give every model another path.',
    })),
    ...repeated(numbers).map((index) => ({
      path: `server.${PORT_KEYS[index]}`,
      value: numbers[index],
      rule: 'is a port of its own',
      fix: 'Give HTTP, gRPC, metrics and management different ports.',
    })),
    ...unknownFallbacks(data.models, models),
  ];
}

/** Positions of values that were there before. */
function repeated(values: readonly (string | undefined)[]): number[] {
  return values.flatMap((value, index) => (value !== undefined && values.indexOf(value) < index ? [index] : []));
}

function inSandbox(config: ServingConfig, sandbox: Sandbox): ServingConfig {
  const { ports } = sandbox;
  const { httpPort, grpcPort, metricsPort, management } = config.server;
  // A port that the container does not declare gets no traffic from outside: any free one does.
  const portFor = (port: number) => ports[port] ?? 0;
  const server = {
    ...config.server,
    httpPort: portFor(httpPort),
    grpcPort: portFor(grpcPort),
    metricsPort: portFor(metricsPort),
    ...(management === undefined ? {} : { management: { port: portFor(management.port) } }),
  };
  return withStandIns(withContainerPaths({ ...config, server }), sandbox);
}

/** Keys whose values are servers that the process connects to. */
const WEB_ADDRESSES = new Set(['url', 'uri', 'endpoint', 'jwksUri']);

/** The configuration with the servers of this machine in place of those that it names. */
export function withStandIns<T>(value: T, sandbox: Sandbox): T {
  return mapTexts(value, (key, text) =>
    key === 'address' ? standInAddress(text, sandbox) : WEB_ADDRESSES.has(key) ? standInUrl(text, sandbox) : text,
  );
}

/** Keys whose values are the user's own data. */
const USER_DATA = new Set(['request', 'prediction']);

/** The configuration with its paths below the sandbox's root: in the contract the key of every path ends so. */
export function withContainerPaths<T>(value: T): T {
  return mapTexts(value, (key, text) => (/(^p|P)ath$/.test(key) ? containerPath(text) : text));
}

/** The configuration with its texts replaced, by their keys. */
function mapTexts<T>(value: T, replace: (key: string, text: string) => string): T {
  if (Array.isArray(value)) {
    return value.map((each: unknown) => mapTexts(each, replace)) as T;
  }
  if (typeof value !== 'object' || value === null) {
    return value;
  }
  const entries = Object.entries(value).map(([key, each]) => [
    key,
    typeof each === 'string' ? replace(key, each) : USER_DATA.has(key) ? each : mapTexts(each, replace),
  ]);
  return Object.fromEntries(entries);
}
