import * as z from 'zod';
import { absolutePath, httpUrl } from './values';

/** The contract's `TracingConfig`. */
export const tracingSchema = z
  .strictObject({ url: httpUrl, sampleRatio: z.number().min(0).max(1), authorizationPath: absolutePath.optional() })
  .readonly();
