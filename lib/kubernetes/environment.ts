import type { EnvValue } from 'cdk8s-plus-28';
import { ENVIRONMENT } from '../contract';
import { at, type Json, objectOf } from './json';
import type { EnvironmentVariable } from './pod';
import { RULES } from './rules';
import { quote, type Violation, violation } from './violation';

/** Environment variables by name. */
export type Environment = { readonly [name: string]: EnvValue };

const NAME = /^[A-Za-z_.-][A-Za-z0-9_.-]*$/;
const OWNED_PREFIX = 'MODEL_SERVING_';
const SECRET_NAME = /(^|_)(PASSWORD|PASSWD|SECRET|TOKEN|CREDENTIALS?|API_?KEY|ACCESS_KEY|PRIVATE_KEY)(_|$)/i;

/** `env` of a container, in the order of the names. */
export function renderEnvironment(environment: Environment): EnvironmentVariable[] {
  return Object.keys(environment)
    .sort()
    .map((name) => ({
      name,
      value: environment[name]?.value,
      valueFrom: plainSource(environment[name]?.valueFrom),
    }));
}

/** Checks environment variables as they are declared. */
export function checkEnvironment(environment: Environment): Violation[] {
  return Object.entries(environment).flatMap(([name, { value, valueFrom }]) => [
    ...(NAME.test(name) ? [] : [malformed(`env has the name ${quote(name)}.`)]),
    ...(typeof value === 'string' || valueFrom !== undefined ? [] : [malformed(`env.${name} has no value.`)]),
    ...checkEnvironmentVariable(`env.${name}`, { name, value, valueFrom }),
  ]);
}

/** Checks one environment variable of a container, whoever wrote it. */
export function checkEnvironmentVariable(what: string, variable: EnvironmentVariable): Violation[] {
  const found: Violation[] = [];
  if (variable.name.startsWith(OWNED_PREFIX) && variable.name !== ENVIRONMENT.logLevel) {
    found.push(
      violation(RULES.environmentOwner, `${what} is set.`, `Remove it; props such as maxBodySize set up the runtime.`),
    );
  }
  if (SECRET_NAME.test(variable.name) && typeof variable.value === 'string' && variable.value !== '') {
    found.push(
      violation(
        RULES.plainSecret,
        `${what} has a literal value.`,
        "Write EnvValue.fromSecretValue({ secret, key }), with secret = Secret.fromSecretName(scope, 'id', 'name').",
      ),
    );
  }
  return found;
}

// Values are never shown: they may be secret.
function malformed(found: string): Violation {
  return violation(RULES.environmentName, found, "Write { LOG_FORMAT: EnvValue.fromValue('json') }.");
}

// cdk8s-plus puts a class instance into `divisor`, which a plain object cannot carry.
function plainSource(source: unknown): Json | undefined {
  if (source === undefined) {
    return undefined;
  }
  const divisor = at(source, 'resourceFieldRef', 'divisor');
  return divisor === undefined
    ? objectOf(source)
    : { resourceFieldRef: { ...objectOf(at(source, 'resourceFieldRef')), divisor: at(divisor, 'value') ?? divisor } };
}
