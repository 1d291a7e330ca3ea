/** The style of the page. */
export const STYLE = `:root {
  color-scheme: light dark;
  font: 16px/1.5 system-ui, sans-serif;
}
body {
  margin: 0;
}
main {
  max-width: 56rem;
  margin: 0 auto;
  padding: 1rem 1.5rem 4rem;
}
label, legend, caption {
  font-weight: 600;
}
label {
  display: block;
  margin-top: 1rem;
}
fieldset {
  border: 1px solid #8888;
  border-radius: 4px;
}
fieldset label {
  display: inline;
  margin: 0 1rem 0 0;
  font-weight: 400;
}
.fields, .row {
  display: flex;
  flex-wrap: wrap;
  gap: 1rem;
  align-items: end;
}
input, select, textarea, button {
  font: inherit;
  padding: 0.3rem 0.5rem;
}
textarea, pre, code {
  font: 14px/1.4 ui-monospace, monospace;
}
textarea {
  width: 100%;
  box-sizing: border-box;
}
pre {
  padding: 0.75rem;
  border: 1px solid #8888;
  border-radius: 4px;
  white-space: pre-wrap;
  overflow-wrap: anywhere;
  max-height: 30rem;
  overflow: auto;
}
table {
  width: 100%;
  margin-top: 1rem;
  border-collapse: collapse;
}
caption {
  text-align: left;
}
th, td {
  padding: 0.2rem 0.6rem 0.2rem 0;
  border-bottom: 1px solid #8884;
  text-align: left;
}
dl {
  display: grid;
  grid-template-columns: max-content 1fr;
  gap: 0.2rem 1rem;
}
dd {
  margin: 0;
}
#message:empty {
  display: none;
}
#message {
  padding: 0.5rem 0.75rem;
  border-left: 4px solid #c62828;
}
:focus-visible {
  outline: 3px solid #1a73e8;
  outline-offset: 1px;
}
`;
