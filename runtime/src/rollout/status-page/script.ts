/**
 * The script of the page, for browsers of the last years.
 *
 * It asks for the status again and again, while the page can be seen. What has not changed is not touched, so that a screen
 * reader tells changes alone and a selection stays.
 */
export const SCRIPT = `const byId = (id) => document.getElementById(id);
const base = new URL('.', location.href);
const INTERVAL_MILLIS = 2000;
const WHOLE = 10000;

async function ask(path) {
  const response = await fetch(new URL(path, base), { cache: 'no-cache', credentials: 'omit' });
  const body = await response.json();
  if (!response.ok) {
    throw new Error(body.error);
  }
  return body;
}

function set(id, text) {
  const element = byId(id);
  if (element.textContent !== text) {
    element.textContent = text;
  }
}

function setTime(id, time) {
  set(id, new Date(time).toLocaleString());
  byId(id).dateTime = time;
}

function percent(share) {
  return Number(((100 * share) / WHOLE).toFixed(2)) + ' %';
}

function duration(millis) {
  const seconds = Math.round(millis / 1000);
  const parts = [[86400, 'd'], [3600, 'h'], [60, 'min'], [1, 's']];
  const first = Math.max(parts.findIndex(([unit]) => seconds >= unit), 0);
  let rest = seconds;
  return seconds === 0
    ? '0 s'
    : parts.slice(first, first + 2).flatMap(([unit, name]) => {
        const count = Math.floor(rest / unit);
        rest -= count * unit;
        return count === 0 ? [] : [count + ' ' + name];
      }).join(' ');
}

/** Rows of a table: each a list of cells, which are texts or { text, name of a class }. */
function fill(id, rows, current = -1) {
  const text = JSON.stringify([rows, current]);
  const body = byId(id);
  if (body.dataset.shown === text) {
    return;
  }
  body.dataset.shown = text;
  body.replaceChildren(
    ...rows.map((cells, index) => {
      const row = document.createElement('tr');
      if (index === current) {
        row.setAttribute('aria-current', 'step');
      }
      row.append(
        ...cells.map((cell) => {
          const element = document.createElement('td');
          element.textContent = cell.text ?? cell;
          element.className = cell.name ?? '';
          return element;
        }),
      );
      return row;
    }),
  );
}

function show(status) {
  const { name, model, phase, stable, candidate, candidateWeight, mirror, proxies } = status;
  document.title = name + ': ' + phase;
  set('name', name);
  set('versions', model + ' ' + stable.version + ' \\u2192 ' + candidate.version + ':');
  set('phase', phase);
  byId('phase').className = phase;
  set('reason', status.reason);
  setTime('since', status.since);
  setTime('updated', status.updated);
  set('stable-share', stable.version + ' ' + percent(WHOLE - candidateWeight));
  set('candidate-share', percent(candidateWeight) + ' ' + candidate.version);
  byId('share').value = candidateWeight;
  byId('share').textContent = percent(candidateWeight);
  const mirrored = mirror === 0 ? '' : percent(mirror) + ' mirrored to ' + candidate.version + ', ';
  set('proxies', mirrored + proxies.serving + ' of ' + proxies.all + ' proxies serve this');
  showSteps(status);
  fill('guardrails', status.guardrails.map(({ name, outcome, reason }) => [{ text: outcome, name: outcome }, name, reason]));
  fill('arms', [['stable', stable], ['candidate', candidate]].map(([role, arm]) =>
    [arm.version, role, String(arm.requests), failuresOf(arm)]));
  byId('rollout').hidden = false;
}

function failuresOf({ requests, failures }) {
  return requests === 0 ? '' : failures + ' (' + Number(((100 * failures) / requests).toPrecision(3)) + ' %)';
}

function showSteps({ phase, step, steps }) {
  const all = [...steps, 'promotion'];
  const isOver = phase === 'Promoting' || phase === 'Promoted';
  const current = isOver ? steps.length : (step?.index ?? -1);
  const words = { RolledBack: 'ended', Aborting: 'ended', Paused: 'paused', Promoted: 'done' };
  fill('steps', all.map((text, index) => {
    const state = index < current ? 'done' : index === current ? (words[phase] ?? 'now') : '';
    return [state, text, ...(index === current && index < steps.length ? progressOf(step) : ['', '', ''])];
  }), current);
}

function progressOf({ observedMillis, minMillis, samples, minSamples, waiting = '' }) {
  const of = (value, text) => (value === undefined ? '' : ' of ' + text(value));
  const least = of(minSamples, String);
  return [
    duration(observedMillis) + of(minMillis, duration),
    'stable ' + samples.stable + least + ', candidate ' + samples.candidate + least,
    waiting,
  ];
}

async function update() {
  try {
    const [status, decisions] = await Promise.all([ask('status.json'), ask('decisions.json')]);
    show(status);
    fill('decisions', decisions.map(({ time, text }) => [new Date(time).toLocaleString(), text]));
    set('message', '');
  } catch (error) {
    const shown = byId('rollout').hidden ? '' : ' What is shown may be old.';
    set('message', 'The controller does not tell its status: ' + error.message + '.' + shown);
  }
}

let timer;
async function run() {
  clearTimeout(timer);
  await update();
  clearTimeout(timer);
  if (!document.hidden) {
    timer = setTimeout(run, INTERVAL_MILLIS);
  }
}
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) {
    void run();
  }
});
void run();
`;
