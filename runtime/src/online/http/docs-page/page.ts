/** The document of the page. Its addresses are relative, so that it works behind a prefix. */
export const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Send a prediction</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="docs/page.css">
<script type="module" src="docs/page.js"></script>
</head>
<body>
<main>
<h1>Send a prediction</h1>
<noscript><p>This page needs JavaScript.</p></noscript>
<form id="access" hidden>
  <label for="key">API key or token</label>
  <div class="row">
    <input id="key" type="password" autocomplete="off" spellcheck="false" required>
    <button type="submit">Use</button>
  </div>
</form>
<p id="message" role="alert"></p>
<form id="request" hidden>
  <div class="fields">
    <div>
      <label for="model">Model</label>
      <select id="model"></select>
    </div>
    <fieldset>
      <legend>Protocol</legend>
      <label><input type="radio" name="protocol" value="v1" checked> V1</label>
      <label><input type="radio" name="protocol" value="v2"> V2</label>
    </fieldset>
  </div>
  <table>
    <caption>Inputs and outputs</caption>
    <thead><tr><th scope="col">Kind</th><th scope="col">Name</th><th scope="col">Datatype</th><th scope="col">Shape</th></tr></thead>
    <tbody id="tensors"></tbody>
  </table>
  <label for="body">Request body (JSON)</label>
  <textarea id="body" rows="12" spellcheck="false" autocomplete="off" aria-describedby="hint"></textarea>
  <p id="hint"><code id="target"></code> Ctrl+Enter sends.</p>
  <button id="send" type="submit">Send</button>
</form>
<section id="answer" aria-live="polite" aria-label="Answer" hidden>
  <h2>Answer</h2>
  <dl>
    <dt>Status</dt><dd id="status"></dd>
    <dt>Time</dt><dd id="time"></dd>
    <dt>Server-Timing</dt><dd id="timing"></dd>
    <dt>Source</dt><dd id="source"></dd>
  </dl>
  <pre id="result" tabindex="0" aria-label="Body of the answer"></pre>
</section>
<p><a href="openapi.json" id="document">openapi.json</a></p>
</main>
</body>
</html>
`;
