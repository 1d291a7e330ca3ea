import type { ModelSignature, OnlineModelProps } from 'cdk8s-model-serving';
import { RULES } from '../../lib/kubernetes';
import { configSchema } from '../../runtime/src/config/schema';
import { checkTarget, DefaultPrediction } from '../../runtime/src/fallback';
import { planFeatures } from '../../runtime/src/features';
import type { Signature } from '../../runtime/src/model';
import { configOf, remoteModel, synthesize } from '../support/manifests';
import { PART_CASES } from './part-cases';

/*
 * What the library says of a part and its model at synth, the runtime says at its start: both have rules of their own,
 * and a declaration that passes the one and not the other would be found out in the cluster.
 */

/** Rules that compare a part with the inputs and outputs of the model. */
const COMPARED = ['featureInput', 'featureEntity', 'featureDefault', 'fallbackPrediction', 'fallbackModel'] as const;

const cases = COMPARED.flatMap((rule) => [
  ...PART_CASES[rule].holds.map((declare, index) => ({ rule, index, declare, accepted: true })),
  ...PART_CASES[rule].breaks.map((declare, index) => ({ rule, index, declare, accepted: false })),
]).filter(({ declare }) => declare().model?.signature !== undefined);

test.each(cases)('$rule $index: the runtime accepts it: $accepted', ({ rule, declare, accepted }) => {
  const problem = problemOf(declare());
  expect(problem === undefined ? 'accepted' : 'refused').toBe(accepted ? 'accepted' : 'refused');
  expect(RULES[rule].severity).toBe('error');
});

/** What the runtime says against a declaration; `undefined` when it starts. */
function problemOf(declaration: Partial<OnlineModelProps>): string | undefined {
  const props = { model: remoteModel(), ...declaration };
  try {
    // Numbers that are none cannot be written as JSON.
    const [served, other] = configSchema.parse(configOf(synthesize(props))).models;
    const signature = signatureOf(props.model.signature);
    const sent = served.features === undefined ? signature : planFeatures(signature, served.features).signature;
    if (served.fallback?.prediction !== undefined) {
      new DefaultPrediction(sent, served.fallback.prediction);
    }
    if (served.fallback?.model !== undefined) {
      if (other.name === served.name && other.version === served.version) {
        return 'the model itself';
      }
      checkTarget(
        sent,
        signatureOf(props.fallback?._answer.kind === 'model' ? props.fallback._answer.model.signature : undefined),
      );
    }
    return undefined;
  } catch (error) {
    return String(error);
  }
}

function signatureOf(signature: ModelSignature | undefined): Signature {
  const specs = (tensors: ModelSignature['inputs'] = []) =>
    tensors.map((tensor) => ({ ...tensor, symbols: tensor.shape.map(() => undefined) }));
  return { inputs: specs(signature?.inputs), outputs: specs(signature?.outputs) } as Signature;
}
