import type { Datatype } from '../model';

/**
 * Whether V2 carries a datatype as bytes alone.
 *
 * @see https://github.com/kserve/open-inference-protocol: FP16 and BF16 have no JSON numbers and no typed contents
 */
export function isBinaryOnly(datatype: Datatype): boolean {
  return datatype === 'FP16' || datatype === 'BF16';
}
