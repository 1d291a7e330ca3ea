import * as z from 'zod';
import { GATEWAY_AGENT_SCHEMA, type GatewayAgentConfig } from '../contract';
import { ConfigurationError } from './error';
import { withContainerPaths } from './in-sandbox';
import { parseFile } from './parse-file';
import { problemsOf } from './problems';
import { currentSandbox } from './sandbox';
import { absolutePath, milliseconds, rule, text, violationsOf, wholeNumber } from './values';

const ACTIONS = ['revert', 'hold'] as const;

const port = wholeNumber(1, 65_535);

const pointers = z.array(
  rule(
    (pointer) => /^(\/([^~/]|~[01])*)+$/.test(pointer),
    'is a JSON pointer (RFC 6901)',
    'Synthesize the file again; it is written by the library, not by hand.',
  ),
);

const rollout = z
  .strictObject({
    name: text,
    stable: text,
    candidate: text,
    stableWeights: pointers,
    candidateWeights: pointers,
    mirrors: pointers,
    comparisons: pointers,
    pins: pointers,
    deadMan: z
      .strictObject({
        afterMillis: milliseconds,
        action: rule(
          (action) => ACTIONS.some((known) => known === action),
          `is one of ${ACTIONS.join(', ')}`,
          'Choose one of them.',
        ),
      })
      .readonly(),
  })
  .readonly();

const fields = z
  .strictObject({
    schema: rule(
      (schema) => schema === GATEWAY_AGENT_SCHEMA,
      `is '${GATEWAY_AGENT_SCHEMA}'`,
      'Use the runtime image that belongs to the version of the library that wrote this file.',
    ),
    gateway: text,
    baseRoutesPath: absolutePath,
    routesPath: absolutePath,
    adminPort: port,
    port,
    apiKeysPath: absolutePath.optional(),
    endpointRemovalMillis: wholeNumber(0, 2 ** 31 - 1).optional(),
    drainMillis: milliseconds.optional(),
    rollouts: z.array(rollout),
  })
  .readonly();

/** The contract's {@link GatewayAgentConfig}, with the rules that tie its fields together. */
const gatewayAgentSchema = violationsOf(fields, ({ rollouts }) => [
  ...rollouts.flatMap(({ name }, index) =>
    rollouts.findIndex((other) => other.name === name) < index
      ? [{ path: `rollouts[${index}].name`, rule: 'is unique', fix: 'Give every rollout another name.' }]
      : [],
  ),
]);

/**
 * Reads and checks the configuration file of a gateway's agent.
 *
 * @param file path of the file inside the container
 * @returns the configuration, with the paths and ports of the sandbox when the process runs in one
 * @throws ConfigurationError with everything that is wrong at once
 */
export function loadGatewayAgentConfig(file: string): GatewayAgentConfig {
  const input = parseFile(file);
  const parsed = gatewayAgentSchema.safeParse(input);
  if (!parsed.success) {
    throw new ConfigurationError(`configuration ${file}`, problemsOf(parsed.error.issues, input));
  }
  const sandbox = currentSandbox();
  if (sandbox === undefined) {
    return parsed.data;
  }
  const { port: own, adminPort } = parsed.data;
  const { ports } = sandbox;
  return withContainerPaths({
    ...parsed.data,
    port: ports[own] ?? 0,
    adminPort: ports[adminPort] ?? adminPort,
    // The Services of one machine learn of it at once.
    endpointRemovalMillis: 0,
  });
}
