/** What files may be: the types, how each begins, and names that do no harm. Pure: bytes in, findings out. */

type Family = 'pdf' | 'ole' | 'docx' | 'xlsx' | 'text' | 'png' | 'jpeg' | 'heic' | 'webp' | 'mp4' | 'mp3' | 'm4a';

const TYPES: Record<string, { family: Family; extensions: readonly [string, ...string[]] }> = {
  'application/pdf': { family: 'pdf', extensions: ['pdf'] },
  'application/msword': { family: 'ole', extensions: ['doc', 'dot'] },
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document': { family: 'docx', extensions: ['docx'] },
  'application/vnd.ms-excel': { family: 'ole', extensions: ['xls', 'xlt'] },
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet': { family: 'xlsx', extensions: ['xlsx'] },
  'text/csv': { family: 'text', extensions: ['csv', 'tsv', 'txt'] },
  'text/plain': { family: 'text', extensions: ['txt', 'text', 'md', 'log', 'csv'] },
  'image/png': { family: 'png', extensions: ['png'] },
  'image/jpeg': { family: 'jpeg', extensions: ['jpg', 'jpeg', 'jpe', 'jfif'] },
  'image/heic': { family: 'heic', extensions: ['heic', 'heif'] },
  'image/heif': { family: 'heic', extensions: ['heif', 'heic'] },
  'image/webp': { family: 'webp', extensions: ['webp'] },
  'video/mp4': { family: 'mp4', extensions: ['mp4', 'm4v'] },
  'audio/mpeg': { family: 'mp3', extensions: ['mp3'] },
  'audio/mp4': { family: 'm4a', extensions: ['m4a', 'mp4'] },
  'audio/x-m4a': { family: 'm4a', extensions: ['m4a'] },
};

/** Types that may be kept, as they are declared. */
export const FILE_TYPES = Object.keys(TYPES);

/** Names that a computer would run, or a browser show as a page, by their end. */
const RUNNABLE = new Set(
  `html htm xhtml xht shtml mhtml mht svg svgz xml xsl xslt js mjs cjs jsx ts css wasm swf jar class php asp aspx jsp py pl rb lua
  exe msi bat cmd com scr pif cpl dll sys ps1 psm1 vbs vbe wsf wsh hta lnk url reg inf sh bash zsh command app dmg pkg deb rpm apk
  docm dotm xlsm xltm xlam`.split(/\s+/),
);

/** A declared type without its parameters, in lower case: `text/plain; charset=utf-8` is `text/plain`. */
export function plainType(contentType: string): string {
  return (contentType.split(';')[0] ?? '').trim().toLowerCase();
}

/** Whether files of this (plain) type are kept at all. */
export function isAllowedType(contentType: string): boolean {
  return Object.hasOwn(TYPES, contentType);
}

/** Whether a (plain) type is a picture's. */
export function isImage(contentType: string): boolean {
  return contentType.startsWith('image/') && isAllowedType(contentType);
}

function extensionOf(fileName: string): string {
  return /\.([^.]+)$/.exec(fileName.trim())?.[1]?.trim().toLowerCase() ?? '';
}

/** Whether a name ends in what a computer would run or a browser would show as a page. */
export function isRunnableName(fileName: string): boolean {
  return RUNNABLE.has(extensionOf(fileName));
}

/** Controls, and marks that make a name read otherwise than it is. */
const DECEIVING = /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069\ufeff]/u;

/** What is wrong with a file's name; null when nothing is. */
export function faultOfName(fileName: string): string | null {
  if (DECEIVING.test(fileName)) return 'must not contain control characters or marks of direction';
  if (/[/\\]/.test(fileName)) return 'must be a name without folders';
  if (/^\.*$/.test(fileName.trim())) return 'must have something beside dots';
  return null;
}

/** The name that a download is given: its own, ending as its (plain) type does. */
export function downloadName(fileName: string, contentType: string): string {
  const extensions = TYPES[contentType]?.extensions;
  if (!extensions || extensions.includes(extensionOf(fileName))) return fileName;
  return `${fileName}.${extensions[0]}`;
}

/** How many of a file's first bytes `beginsAs` looks at. */
export const HEAD_BYTES = 4096;

const ascii = (bytes: Uint8Array) => String.fromCharCode(...bytes);
const begins = (bytes: Uint8Array, ...signature: number[]) => signature.every((byte, index) => bytes[index] === byte);

const HEIC_BRANDS = new Set(['heic', 'heix', 'hevc', 'hevx', 'heim', 'heis', 'mif1', 'msf1']);
const NOT_MP4 = new Set([...HEIC_BRANDS, 'avif', 'avis', 'qt  ', 'crx ']);

/** The brand of an ISO media file (ISO/IEC 14496-12: the box `ftyp` comes first); null when it is none. */
function brandOf(bytes: Uint8Array): string | null {
  return bytes.length >= 12 && ascii(bytes.subarray(4, 8)) === 'ftyp' ? ascii(bytes.subarray(8, 12)) : null;
}

/** What browsers take for a page or a program whatever it is called (WHATWG MIME Sniffing, §7.1), and scripts. */
const PAGE =
  /^(?:<!doctype|<!--|<\?|<html|<head|<script|<iframe|<h1|<div|<font|<table|<a[\s>]|<style|<title|<b[\s>]|<body|<br|<p[\s>]|<svg|<math|<object|<embed|<form|<img|<link|<meta|<video|#!)/i;

function isText(bytes: Uint8Array): boolean {
  const utf16 = begins(bytes, 0xff, 0xfe) || begins(bytes, 0xfe, 0xff);
  if (!utf16 && bytes.includes(0)) return false;
  const text = new TextDecoder(utf16 ? (bytes[0] === 0xff ? 'utf-16le' : 'utf-16be') : 'utf-8').decode(bytes);
  return !PAGE.test(text.trimStart()) && !text.startsWith('%PDF-');
}

function isPng(bytes: Uint8Array): boolean {
  // The header chunk comes first and has 13 bytes (PNG, §5.6).
  return (
    begins(bytes, 0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13) &&
    ascii(bytes.subarray(12, 16)) === 'IHDR'
  );
}

function isJpeg(bytes: Uint8Array): boolean {
  // After the start of the image comes the marker of a segment.
  return begins(bytes, 0xff, 0xd8, 0xff) && (bytes[3] ?? 0) >= 0xc0 && (bytes[3] ?? 0) < 0xff;
}

function isMp3(bytes: Uint8Array): boolean {
  // A tag, or the header of a frame of layer III.
  if (ascii(bytes.subarray(0, 3)) === 'ID3') return (bytes[3] ?? 0xff) < 5;
  const second = bytes[1] ?? 0;
  return bytes[0] === 0xff && (second & 0xe0) === 0xe0 && (second & 0x06) === 0x02 && (second & 0x18) !== 0x08;
}

const BEGINNINGS: Record<Family, (bytes: Uint8Array) => boolean> = {
  pdf: (bytes) => /^%PDF-[12]\.\d/.test(ascii(bytes.subarray(0, 8))),
  ole: (bytes) => begins(bytes, 0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1),
  docx: (bytes) => begins(bytes, 0x50, 0x4b, 3, 4),
  xlsx: (bytes) => begins(bytes, 0x50, 0x4b, 3, 4),
  text: isText,
  png: isPng,
  jpeg: isJpeg,
  heic: (bytes) => HEIC_BRANDS.has(brandOf(bytes) ?? ''),
  webp: (bytes) =>
    ascii(bytes.subarray(0, 4)) === 'RIFF' &&
    ascii(bytes.subarray(8, 12)) === 'WEBP' &&
    ascii(bytes.subarray(12, 15)) === 'VP8',
  mp4: (bytes) => brandOf(bytes) !== null && !NOT_MP4.has(brandOf(bytes) ?? ''),
  mp3: isMp3,
  m4a: (bytes) => brandOf(bytes) !== null && !NOT_MP4.has(brandOf(bytes) ?? ''),
};

/** Whether a file that begins with these bytes (its first `HEAD_BYTES`) is of the (plain) type. */
export function beginsAs(contentType: string, head: Uint8Array): boolean {
  const family = TYPES[contentType]?.family;
  return family !== undefined && BEGINNINGS[family](head);
}

/** Which Office file a (plain) type is, when it is a ZIP archive inside; else null. */
export function officeFamily(contentType: string): 'docx' | 'xlsx' | null {
  const family = TYPES[contentType]?.family;
  return family === 'docx' || family === 'xlsx' ? family : null;
}
