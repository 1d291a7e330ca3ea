/** The style of the page. */
export const STYLE = `:root {
  color-scheme: light dark;
  font: 16px/1.5 system-ui, sans-serif;
  --stable: #1a73e8;
  --candidate: #e37400;
}
body {
  margin: 0;
}
main {
  max-width: 64rem;
  margin: 0 auto;
  padding: 1rem 1.5rem 4rem;
}
h2, caption {
  font-size: 1.1rem;
  font-weight: 600;
}
code {
  font: 14px/1.4 ui-monospace, monospace;
}
progress {
  appearance: none;
  display: block;
  width: 100%;
  height: 1.25rem;
  border: 1px solid #8888;
  border-radius: 4px;
  overflow: hidden;
  background: var(--candidate);
  direction: rtl;
}
progress::-webkit-progress-bar {
  background: var(--stable);
}
progress::-webkit-progress-value {
  background: var(--candidate);
}
progress::-moz-progress-bar {
  background: var(--candidate);
}
@-moz-document url-prefix() {
  progress {
    background: var(--stable);
  }
}
.split {
  display: flex;
  justify-content: space-between;
  margin: 0 0 0.3rem;
}
table {
  width: 100%;
  margin-top: 1.5rem;
  border-collapse: collapse;
}
caption {
  text-align: left;
}
th, td {
  padding: 0.2rem 0.6rem 0.2rem 0;
  border-bottom: 1px solid #8884;
  text-align: left;
  vertical-align: top;
}
#steps td:nth-child(-n+3) {
  white-space: nowrap;
}
tr[aria-current] {
  font-weight: 600;
}
#state {
  font-size: 1.1rem;
}
#message:empty {
  display: none;
}
#message {
  padding: 0.5rem 0.75rem;
  border-left: 4px solid #c62828;
}
.pass, .Promoted {
  color: light-dark(#1b7a34, #6fd08c);
}
.fail, .RolledBack, .Aborting {
  color: light-dark(#c62828, #ff8a80);
}
.undecided, .no-data, .Paused {
  color: light-dark(#8a5300, #ffcc80);
}
:focus-visible {
  outline: 3px solid #1a73e8;
  outline-offset: 1px;
}
`;
