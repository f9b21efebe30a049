// How a file can be looked at, as its name tells.

export type FileKind =
  | 'image'
  | 'table'
  | 'json'
  | 'markdown'
  | 'html'
  | 'audio'
  | 'video'
  | 'pdf'
  | 'notebook'
  | 'text'
  | 'other';

const ENDINGS: Record<string, FileKind> = {
  ...of('image', 'png jpg jpeg gif svg webp bmp avif ico'),
  ...of('table', 'csv tsv parquet'),
  ...of('json', 'json'),
  ...of('markdown', 'md markdown'),
  ...of('html', 'html htm'),
  ...of('audio', 'wav mp3 ogg oga flac m4a aac opus'),
  ...of('video', 'mp4 webm ogv mov m4v'),
  ...of('pdf', 'pdf'),
  ...of('notebook', 'ipynb'),
  ...of(
    'text',
    'txt log yaml yml py toml cfg ini xml sh r jl sql jsonl ndjson tex rst css js ts c h cpp java go rs conf env lock',
  ),
};
/** What AutoML keeps of a model, under Azure ML's names. */
const TABLES = /^(accuracy_table|confusion_matrix|residuals|predicted_true)$/;
const NAMES = /^(MLmodel|MLTable|README|LICENSE|Dockerfile|Makefile)$/;

/** Bytes up to which a file of a kind is looked into; larger ones are only saved. */
const MOST: Partial<Record<FileKind, number>> = {
  image: 50_000_000,
  table: 200_000_000,
  audio: Number.POSITIVE_INFINITY,
  video: Number.POSITIVE_INFINITY,
  notebook: Number.POSITIVE_INFINITY,
  pdf: 20_000_000,
};
const MOST_TEXT = 2_000_000;

const LANGUAGES: Record<string, string> = {
  py: 'python',
  yaml: 'yaml',
  yml: 'yaml',
  sh: 'shell',
  sql: 'sql',
  r: 'r',
  jl: 'julia',
  xml: 'xml',
  js: 'javascript',
  ts: 'typescript',
  css: 'css',
  toml: 'toml',
  cpp: 'cpp',
  c: 'c',
  h: 'c',
  java: 'java',
  go: 'go',
  rs: 'rust',
  tex: 'latex',
};

export function kindOf(path: string): FileKind {
  const name = nameOf(path);
  if (TABLES.test(name)) {
    return 'json';
  }
  return NAMES.test(name) ? 'text' : (ENDINGS[endingOf(name)] ?? 'other');
}

/** Whether a file of this size is too large to be looked into. */
export function isTooLarge(kind: FileKind, size: number): boolean {
  return size > (MOST[kind] ?? MOST_TEXT);
}

/** The language of code; undefined for text that is none. */
export function languageOf(path: string): string | undefined {
  const name = nameOf(path);
  return /^(MLmodel|MLTable)$/.test(name) ? 'yaml' : LANGUAGES[endingOf(name)];
}

/** `text` as a block of code in Markdown, whatever it holds. */
export function fenced(text: string, language: string): string {
  const longest = Math.max(0, ...(text.match(/`+/g) ?? []).map(run => run.length));
  const fence = '`'.repeat(Math.max(3, longest + 1));
  return `${fence}${language}\n${text}\n${fence}`;
}

/** Whether JSON is a table as `mlflow.log_table` writes it. */
export function isTable(value: unknown): boolean {
  const table = value as { columns?: unknown; data?: unknown } | null;
  return Array.isArray(table?.columns) && Array.isArray(table?.data);
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function endingOf(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1).toLowerCase();
}

function of(kind: FileKind, endings: string): Record<string, FileKind> {
  return Object.fromEntries(endings.split(' ').map(ending => [ending, kind]));
}
