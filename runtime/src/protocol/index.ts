export type { AnswerBody, Codec, EncodedAnswer, Prediction, RequestHeaders } from './prediction';
export { badRequest, RequestError, shown } from './request-error';
export { V1Codec } from './v1-codec';
export { V2Codec } from './v2-codec';
