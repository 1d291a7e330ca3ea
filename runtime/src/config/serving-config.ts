import * as z from 'zod';
import type { ServingConfig } from '../contract';
import { ConfigurationError, type ConfigurationProblem } from './error';
import { withContainerPaths, withStandIns } from './in-sandbox';
import { problemsOf, shown } from './problems';
import { currentSandbox, type Sandbox } from './sandbox';
import { configSchema } from './schema';

/**
 * Checks a configuration, and puts the paths and ports of the sandbox into it when the process runs in one.
 *
 * @throws ConfigurationError with everything that is wrong at once
 */
export function readServingConfig(input: unknown, subject: string): ServingConfig {
  const sandbox = currentSandbox();
  const config = checkServingConfig(input, subject);
  return sandbox === undefined ? config : inSandbox(config, sandbox);
}

/**
 * Checks a configuration that is already parsed.
 *
 * @throws ConfigurationError with everything that is wrong at once
 */
export function checkServingConfig(input: unknown, subject: string): ServingConfig {
  const parsed = configSchema.safeParse(input);
  const problems = [...(parsed.success ? [] : problemsOf(parsed.error.issues, input)), ...clashes(input)];
  if (!parsed.success || problems.length > 0) {
    throw new ConfigurationError(subject, problems);
  }
  return parsed.data;
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
    ...portClashes(data.server),
    ...unknownFallbacks(data.models, models),
  ];
}

/** Ports of a serving process that are named twice. */
export function portClashes({ management, ...server }: Readonly<Record<string, unknown>>): ConfigurationProblem[] {
  const numbers = [server.httpPort, server.grpcPort, server.metricsPort, managementPort(management)].map(shown);
  return repeated(numbers).map((index) => ({
    path: `server.${PORT_KEYS[index]}`,
    value: numbers[index],
    rule: 'is a port of its own',
    fix: 'Give HTTP, gRPC, metrics and management different ports.',
  }));
}

/** Positions of values that were there before. */
function repeated(values: readonly (string | undefined)[]): number[] {
  return values.flatMap((value, index) => (value !== undefined && values.indexOf(value) < index ? [index] : []));
}

/** A configuration of a process that serves, with the paths, ports and servers of a sandbox. */
export function inSandbox<T extends Pick<ServingConfig, 'server'>>(config: T, sandbox: Sandbox): T {
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
