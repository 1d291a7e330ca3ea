/* What the benchmark prints: a table for each case, and a line for each bar that is missed. */
const missed = [];

/** Prints a table in Markdown; the first column is text, the others are numbers. */
exports.table = (columns, rows) => {
  console.log(`| ${columns.join(' | ')} |`);
  console.log(`| --- |${' ---: |'.repeat(columns.length - 1)}`);
  for (const row of rows) {
    console.log(`| ${row.join(' | ')} |`);
  }
  console.log();
};

/** Says it when a bar is missed; what cannot be measured is missed as well. */
exports.bar = (text, holds) => {
  if (!holds) {
    missed.push(text);
    console.log(`MISSED: ${text}\n`);
  }
};

/** Says what could not be measured, and why. */
exports.note = (text) => console.log(`${text}\n`);

/** All bars that were missed. */
exports.missed = () => missed;
