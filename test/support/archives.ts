import { buffer } from 'node:stream/consumers';
import { crc32, deflateRawSync, gzipSync } from 'node:zlib';
import { type Header, pack } from 'tar-stream';

/** One entry of an archive made for a test; anything goes, also what no honest tool would write. */
export interface Entry {
  readonly name: string;
  readonly content?: Buffer;
  /** tar: type of the entry. */
  readonly type?: Header['type'];
  /** zip: Unix mode, file type included. */
  readonly mode?: number;
  /** zip: size that the table claims. */
  readonly claimedBytes?: number;
}

/** A tar archive. */
export async function tar(entries: readonly Entry[]): Promise<Buffer> {
  const archive = pack();
  for (const { name, content, type } of entries) {
    archive.entry(
      { name, type: type ?? 'file', linkname: type?.endsWith('link') ? '/etc/passwd' : undefined },
      content ?? Buffer.alloc(0),
    );
  }
  archive.finalize();
  return buffer(archive as AsyncIterable<unknown> as AsyncIterable<Buffer>);
}

/** A tar.gz archive. */
export async function tarGz(entries: readonly Entry[]): Promise<Buffer> {
  return gzipSync(await tar(entries));
}

/** A zip archive, after PKWARE's APPNOTE 4.3. */
export async function zip(entries: readonly Entry[]): Promise<Buffer> {
  const files: Buffer[] = [];
  const table: Buffer[] = [];
  let offset = 0;
  for (const { name, content = Buffer.alloc(0), mode = 0o100644, claimedBytes = content.length } of entries) {
    const packed = deflateRawSync(content);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0); // version needed
    common.writeUInt16LE(0x800, 2); // names are UTF-8
    common.writeUInt16LE(8, 4); // deflate
    common.writeUInt32LE(crc32(content), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(claimedBytes, 18);
    common.writeUInt16LE(Buffer.byteLength(name), 22);
    const file = Buffer.concat([Buffer.from('PK\x03\x04'), common, Buffer.from(name), packed]);
    const attributes = Buffer.alloc(14);
    attributes.writeUInt32LE((mode << 16) >>> 0, 6);
    attributes.writeUInt32LE(offset, 10);
    const made = Buffer.from([20, 3]); // by version 2.0 on Unix
    table.push(Buffer.concat([Buffer.from('PK\x01\x02'), made, common, attributes, Buffer.from(name)]));
    files.push(file);
    offset += file.length;
  }
  const directory = Buffer.concat(table);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(entries.length, 4);
  end.writeUInt16LE(entries.length, 6);
  end.writeUInt32LE(directory.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...files, directory, Buffer.from('PK\x05\x06'), end]);
}
