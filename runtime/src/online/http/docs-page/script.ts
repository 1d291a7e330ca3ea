/**
 * The script of the page, for browsers of the last years.
 *
 * It reads the OpenAPI document for what can be sent, and the metadata of the chosen model for what it takes. The key
 * stays in the page: it is neither kept nor part of an address.
 */
export const SCRIPT = `const byId = (id) => document.getElementById(id);
const base = new URL('.', location.href);
let key = '';
let models = [];

async function ask(path, options = {}) {
  const headers = { ...options.headers, ...(key === '' ? {} : { Authorization: 'Bearer ' + key }) };
  return fetch(new URL(path.replace(/^\\//, ''), base), { ...options, headers, credentials: 'omit' });
}

function say(text) {
  byId('message').textContent = text;
}

/** Every place that takes predictions, with the examples of the document. */
function modelsOf({ paths }) {
  return Object.keys(paths).flatMap((path) => {
    const found = /^\\/v1\\/models\\/([^/]+)(\\/versions\\/[^/]+)?:predict$/.exec(path);
    if (found === null) {
      return [];
    }
    const [, name, version = ''] = found;
    const metadata = '/v2/models/' + name + version;
    const v2 = metadata + '/infer';
    const title = decodeURIComponent(name) + (version === '' ? '' : ', version ' + decodeURIComponent(version.slice(10)));
    return [{ title, metadata, paths: { v1: path, v2 }, examples: { v1: exampleOf(paths[path]), v2: exampleOf(paths[v2]) } }];
  });
}

function exampleOf(path) {
  const content = path.post.requestBody.content['application/json'];
  return Object.values(content.examples ?? {})[0]?.value;
}

/** JSON with lists of plain values in one line. */
function pretty(value, indent = '') {
  const inner = indent + '  ';
  if (Array.isArray(value)) {
    if (value.every((item) => typeof item !== 'object' || item === null)) {
      return '[' + value.map((item) => JSON.stringify(item)).join(', ') + ']';
    }
    return '[\\n' + value.map((item) => inner + pretty(item, inner)).join(',\\n') + '\\n' + indent + ']';
  }
  if (typeof value === 'object' && value !== null) {
    const lines = Object.entries(value).map(([name, item]) => inner + JSON.stringify(name) + ': ' + pretty(item, inner));
    return '{\\n' + lines.join(',\\n') + '\\n' + indent + '}';
  }
  return JSON.stringify(value);
}

function chosen() {
  const protocol = document.querySelector('input[name=protocol]:checked').value;
  return { model: models[byId('model').selectedIndex], protocol };
}

function showExample() {
  const { model, protocol } = chosen();
  const example = model.examples[protocol];
  byId('target').textContent = 'POST ' + model.paths[protocol];
  byId('body').value = example === undefined ? '' : pretty(example);
  say(example === undefined ? 'There is no example of a request for this model and protocol.' : '');
}

async function showTensors() {
  const { model } = chosen();
  const response = await ask(model.metadata);
  const { inputs = [], outputs = [] } = response.ok ? await response.json() : {};
  if (model !== chosen().model) {
    return;
  }
  const rows = [['input', inputs], ['output', outputs]].flatMap(([kind, tensors]) =>
    tensors.map(({ name, datatype, shape }) => rowOf([kind, name, datatype, '[' + shape.join(', ') + ']'])),
  );
  byId('tensors').replaceChildren(...rows);
}

function rowOf(texts) {
  const row = document.createElement('tr');
  row.append(
    ...texts.map((text) => {
      const cell = document.createElement('td');
      cell.textContent = text;
      return cell;
    }),
  );
  return row;
}

async function chooseModel() {
  showExample();
  await showTensors();
}

async function start() {
  const response = await ask('/openapi.json');
  byId('access').hidden = key === '' && response.status !== 401;
  if (!response.ok) {
    byId('request').hidden = true;
    const { error } = await response.json();
    say(error);
    if (response.status === 401) {
      byId('key').focus();
    }
    return;
  }
  say('');
  models = modelsOf(await response.json());
  byId('model').replaceChildren(...models.map(({ title }) => new Option(title)));
  byId('request').hidden = models.length === 0;
  if (models.length === 0) {
    say('No model is ready. Load the page again in a while.');
  } else {
    await chooseModel();
  }
}

async function send() {
  const { model, protocol } = chosen();
  const button = byId('send');
  button.disabled = true;
  say('');
  try {
    const started = performance.now();
    const response = await ask(model.paths[protocol], {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: byId('body').value,
    });
    const isText = (response.headers.get('content-type') ?? '').includes('json');
    const text = isText ? await response.text() : (await response.arrayBuffer()).byteLength + ' bytes of binary data';
    byId('status').textContent = (response.status + ' ' + response.statusText).trim();
    byId('time').textContent = (performance.now() - started).toFixed(1) + ' ms';
    byId('timing').textContent = response.headers.get('server-timing') ?? 'not told';
    byId('source').textContent = response.headers.get('x-prediction-source') ?? 'the model';
    byId('result').textContent = text;
    byId('answer').hidden = false;
  } finally {
    button.disabled = false;
  }
}

/** Lets whatever goes wrong be seen. */
function run(action) {
  action().catch((error) => say('The server does not answer: ' + error.message));
}

byId('access').addEventListener('submit', (event) => {
  event.preventDefault();
  key = byId('key').value.trim();
  run(start);
});
byId('request').addEventListener('submit', (event) => {
  event.preventDefault();
  run(send);
});
byId('body').addEventListener('keydown', (event) => {
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    byId('request').requestSubmit();
  }
});
byId('model').addEventListener('change', () => run(chooseModel));
for (const choice of document.querySelectorAll('input[name=protocol]')) {
  choice.addEventListener('change', showExample);
}
run(start);
`;
