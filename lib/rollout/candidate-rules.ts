import { type Json, objectOf, objectsOf, quote, RULES, type Violation, violation } from '../kubernetes';
import type { ModelSignature, TensorMetadata } from '../model';
import type { OnlineModel } from '../online';
import { configOf, replicasOf } from './served-version';

const DYNAMIC = -1;

/** What clients notice of a server, beside its answers. */
const NOTICED = ['authentication', 'limits', 'maxBodyBytes', 'cors', 'tls'];

/** Checks that a candidate can take the place of the stable version, without anything that no guardrail would see. */
export function checkCandidate(stable: OnlineModel, candidate: OnlineModel): Violation[] {
  const [before, after] = [stable.model, candidate.model];
  if (before.name !== after.name || before.version === after.version) {
    return [
      violation(
        RULES.rolloutVersions,
        `stable is ${quote(before.name)} version ${quote(before.version)}, and candidate ${quote(after.name)} version ${quote(after.version)}.`,
        'Give both the same name, and each a version of its own.',
      ),
    ];
  }
  const [old, offered] = [configOf(stable), configOf(candidate)];
  return [
    ...checkSignature(before.signature, after.signature, servedBy(old).features ?? servedBy(offered).features),
    ...checkFallback(servedBy(offered).fallback),
    ...checkServing(objectOf(old.server), objectOf(offered.server)),
    ...checkReplicas(stable, candidate),
  ];
}

function checkSignature(
  stable: ModelSignature | undefined,
  candidate: ModelSignature | undefined,
  features: unknown,
): Violation[] {
  // A signature is known when its file is on this machine.
  if (stable === undefined || candidate === undefined) {
    return [];
  }
  return [
    // Clients do not send what is looked up, so the inputs of the models say little about their requests.
    ...(features === undefined ? inputProblems(stable.inputs, candidate.inputs) : []).map((what) =>
      violation(
        RULES.candidateInputs,
        what,
        'Serve it under another model name, or beside the old one without a rollout.',
      ),
    ),
    ...outputProblems(stable.outputs, candidate.outputs).map((what) =>
      violation(RULES.candidateOutputs, what, 'Export the model with the outputs of the stable version.'),
    ),
    ...formProblems(stable.outputs, candidate.outputs).map((what) =>
      violation(RULES.candidateForm, what, 'Make sure that clients take both.'),
    ),
  ];
}

function inputProblems(stable: TensorMetadata[], candidate: TensorMetadata[]): string[] {
  return [
    ...candidate
      .filter(({ name }) => find(stable, name) === undefined)
      .map((input) => `The candidate needs the input ${describe(input)}, which requests for the stable version lack.`),
    ...stable.flatMap((input) => {
      const taken = find(candidate, input.name);
      if (taken === undefined) {
        return [`The candidate does not know the input ${describe(input)}.`];
      }
      return taken.datatype === input.datatype && isAsWide(input.shape, taken.shape)
        ? []
        : [`The candidate takes the input ${describe(taken)}, and the stable version ${describe(input)}.`];
    }),
  ];
}

function outputProblems(stable: TensorMetadata[], candidate: TensorMetadata[]): string[] {
  const missing = stable.flatMap((output) => {
    const given = find(candidate, output.name);
    if (given === undefined) {
      return [`The candidate has no output ${describe(output)}.`];
    }
    return given.datatype === output.datatype
      ? []
      : [`The candidate has the output ${describe(given)}, and the stable version ${describe(output)}.`];
  });
  return missing.length === 0 && stable.length === 1 && candidate.length > 1
    ? [`The candidate has ${candidate.length} outputs, and the stable version one.`]
    : missing;
}

function formProblems(stable: TensorMetadata[], candidate: TensorMetadata[]): string[] {
  return candidate.flatMap((output) => {
    const known = find(stable, output.name);
    if (known === undefined) {
      return stable.length === 1 ? [] : [`The candidate alone has the output ${describe(output)}.`];
    }
    return known.datatype !== output.datatype || isSame(known.shape, output.shape)
      ? []
      : [`The candidate has the output ${describe(output)}, and the stable version ${describe(known)}.`];
  });
}

function checkServing(stable: Json, candidate: Json): Violation[] {
  const different = NOTICED.filter((key) => !isSame(stable[key], candidate[key]));
  return different.length === 0
    ? []
    : [
        violation(
          RULES.candidateServing,
          `The versions differ in ${different.join(', ')}.`,
          'Declare both alike; change such a setting before the rollout or after it.',
        ),
      ];
}

function checkFallback(fallback: unknown): Violation[] {
  return fallback === undefined
    ? []
    : [
        violation(
          RULES.maskedFailures,
          `The candidate has a fallback of the type ${quote(objectOf(fallback).type)}.`,
          'Leave it out until the candidate is the stable version, or guard it with Guardrail.disagreement as well.',
        ),
      ];
}

function checkReplicas(stable: OnlineModel, candidate: OnlineModel): Violation[] {
  const [has, gets] = [replicasOf(stable), replicasOf(candidate)];
  const stopped = [
    { arm: 'stable', ...has },
    { arm: 'candidate', ...gets },
  ].filter(({ least }) => !(least >= 1));
  return [
    ...stopped.map(({ arm, least }) =>
      violation(
        RULES.runningVersions,
        `The ${arm} version has ${least} replicas at least.`,
        'Set replicas, or minReplicas of its scaling, to 1 or more.',
      ),
    ),
    ...(gets.least < has.least
      ? [
          violation(
            RULES.candidateCapacity,
            `The candidate has at least ${gets.least} replicas, and the stable version at least ${has.least}.`,
            'Give the candidate as many replicas, or the same scaling.',
          ),
        ]
      : []),
  ];
}

/** The model that answers, as the predictor reads it. */
function servedBy({ models }: Json): Json {
  return objectsOf(models)[0] ?? {};
}

function isAsWide(needed: number[], taken: number[]): boolean {
  // A shape that the file does not tell is an empty one, as is that of a single value.
  return needed.length === taken.length && taken.every((size, axis) => size === DYNAMIC || size === needed[axis]);
}

function find(tensors: TensorMetadata[], name: string): TensorMetadata | undefined {
  return tensors.find((tensor) => tensor.name === name);
}

function describe({ name, datatype, shape }: TensorMetadata): string {
  return `${quote(name)} ${datatype} [${shape.join(', ')}]`;
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
