import { packModels } from '../support/conformance';
import { startTestPredictor, type TestPredictor } from '../support/predictor';
import { describePythonChecks } from '../support/python-checks';

/** Programs that others wrote, against the predictor. */
let server: Promise<TestPredictor> | undefined;

const addresses = async () => {
  server ??= startTestPredictor(packModels());
  const { url, predictor } = await server;
  return { http: url, grpc: `127.0.0.1:${predictor.addresses.grpc.port}` };
};

describePythonChecks('tritonclient over HTTP', 'triton_http', 'requirements-triton', addresses);
describePythonChecks('tritonclient over gRPC', 'triton_grpc', 'requirements-triton', addresses);
describePythonChecks('tritonclient with asyncio', 'triton_aio', 'requirements-triton', addresses);
describePythonChecks('the SDK of CloudEvents', 'cloudevents_sdk', 'requirements-triton', addresses);
describePythonChecks('health checking and reflection of gRPC', 'grpc_services', 'requirements-triton', addresses);
describePythonChecks('the clients of the KServe SDK', 'kserve_clients', 'requirements-kserve', addresses);
