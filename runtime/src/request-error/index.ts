export { badRequest, counted, kindOf, RequestError, shown } from './request-error';
