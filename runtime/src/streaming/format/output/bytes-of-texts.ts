/** Bytes of each text in UTF-8. They are parts of one memory: one conversion of a long text is cheaper than many of short ones. */
export function bytesOfTexts(texts: readonly string[]): Buffer[] {
  const all = texts.join('');
  const bytes = Buffer.from(all);
  const isAscii = bytes.length === all.length;
  let start = 0;
  return texts.map((text) => {
    const end = start + (isAscii ? text.length : Buffer.byteLength(text));
    const part = bytes.subarray(start, end);
    start = end;
    return part;
  });
}
