// What a tutorial shows: express.json(), one awaited run for each request, res.json().
const express = require('express');
const ort = require('onnxruntime-node');

const [, , port, model] = process.argv;

async function main() {
  const session = await ort.InferenceSession.create(model, { intraOpNumThreads: 1, interOpNumThreads: 1 });
  const [input] = session.inputNames;
  const app = express();
  app.use(express.json({ limit: '1mb' }));
  app.post('/v1/models/iris:predict', async (req, res) => {
    const { instances } = req.body;
    const data = Float32Array.from(instances.flat());
    const outputs = await session.run({
      [input]: new ort.Tensor('float32', data, [instances.length, instances[0].length]),
    });
    const names = session.outputNames;
    const predictions = instances.map((_, row) => {
      const values = names.map((name) => {
        const { data, dims } = outputs[name];
        const stride = data.length / dims[0];
        const part = Array.from(data.subarray(row * stride, (row + 1) * stride), Number);
        return dims.length === 1 ? part[0] : part;
      });
      return names.length === 1 ? values[0] : Object.fromEntries(names.map((name, index) => [name, values[index]]));
    });
    res.json({ predictions });
  });
  app.listen(Number(port), '127.0.0.1');
}

void main();
