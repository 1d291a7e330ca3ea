import { type Duration, type Size, SizeRoundingBehavior } from 'cdk8s';
import type { Cpu } from 'cdk8s-plus-28';

const KIBIBYTE = 1024;

/** Bytes of one mebibyte. */
export const MEBIBYTE = 1024 * KIBIBYTE;

/** A size in bytes, fractions rounded up. */
export function bytesOf(size: Size): number {
  return Math.ceil(size.toKibibytes({ rounding: SizeRoundingBehavior.NONE }) * KIBIBYTE);
}

/** A duration in milliseconds; a fraction stays. */
export function millisOf(duration: Duration): number {
  return duration.toMilliseconds({ integral: false });
}

/** An amount of CPU in thousandths of a core. */
export function millicoresOf(cpu: Cpu): number {
  return cpu.amount.endsWith('m') ? Number(cpu.amount.slice(0, -1)) : Number(cpu.amount) * 1000;
}

/** Bytes as a Kubernetes quantity, rounded up to whole mebibytes. */
export function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / MEBIBYTE)}Mi`;
}

/** Bytes for a message: the largest unit that keeps the number at 1 or more. */
export function readableBytes(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
  let amount = bytes;
  let unit = 0;
  while (amount >= KIBIBYTE && unit < units.length - 1) {
    amount /= KIBIBYTE;
    unit += 1;
  }
  return `${Number(amount.toFixed(1))} ${units[unit]}`;
}

/** Milliseconds for a message: seconds where they are whole. */
export function readableMillis(millis: number): string {
  return millis >= 1000 && millis % 1000 === 0 ? `${millis / 1000} s` : `${millis} ms`;
}
