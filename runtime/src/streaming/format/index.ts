export { type FormatContext, openFormat, type StreamFormat } from './format';
