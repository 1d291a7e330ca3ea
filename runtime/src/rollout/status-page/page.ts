/** The document of the page. Its addresses are relative, so that it works behind a prefix. */
export const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Rollout</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="status-page.css">
<script type="module" src="status-page.js"></script>
</head>
<body>
<main>
<h1 id="name">Rollout</h1>
<noscript><p>This page needs JavaScript. The same is in <a href="status.json">status.json</a>.</p></noscript>
<p id="message" role="alert"></p>
<div id="rollout" hidden>
<p id="state" role="status"><span id="versions"></span> <strong id="phase"></strong> <span id="reason"></span></p>
<p>Since <time id="since"></time>; as of <time id="updated"></time></p>
<section aria-labelledby="traffic">
  <h2 id="traffic">Traffic</h2>
  <p class="split" aria-hidden="true"><span id="stable-share"></span><span id="candidate-share"></span></p>
  <progress id="share" max="10000" aria-label="Share of the candidate"></progress>
  <p id="proxies"></p>
</section>
<table>
  <caption>Steps</caption>
  <thead><tr><th scope="col">State</th><th scope="col">Step</th><th scope="col">Time</th><th scope="col">Requests</th><th scope="col">Waits for</th></tr></thead>
  <tbody id="steps"></tbody>
</table>
<table>
  <caption>Guardrails</caption>
  <thead><tr><th scope="col">Outcome</th><th scope="col">Name</th><th scope="col">Numbers</th></tr></thead>
  <tbody id="guardrails"></tbody>
</table>
<table>
  <caption>Requests since the start</caption>
  <thead><tr><th scope="col">Version</th><th scope="col">Role</th><th scope="col">Requests</th><th scope="col">Failed</th></tr></thead>
  <tbody id="arms"></tbody>
</table>
<table>
  <caption>Decisions</caption>
  <thead><tr><th scope="col">Time</th><th scope="col">Decision</th></tr></thead>
  <tbody id="decisions"></tbody>
</table>
</div>
<p>This page shows, and changes nothing: <code>model-serving rollout</code> has the verbs. <a href="status.json">status.json</a></p>
</main>
</body>
</html>
`;
