export { requestsIn, withoutRequests } from './requests';
