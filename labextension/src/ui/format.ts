// Numbers, sizes and times as people read them. `locale` is a BCP 47 tag such as `ja-JP`.

/** `ja_JP` as JupyterLab names it, `ja-JP` as `Intl` does; `default` is the browser's own. */
export function localeOf(languageCode: string | undefined): string {
  return !languageCode || languageCode === 'default'
    ? navigator.language || 'en'
    : languageCode.replace('_', '-');
}

/** `make` called once for each locale: to make a formatter takes longer than to use it a hundred times. */
function perLocale<T>(make: (locale: string) => T): (locale: string) => T {
  const made = new Map<string, T>();
  return locale => {
    let found = made.get(locale);
    if (found === undefined) {
      found = make(locale);
      made.set(locale, found);
    }
    return found;
  };
}

const AGO = perLocale(
  locale => new Intl.RelativeTimeFormat(locale, { numeric: 'auto', style: 'narrow' }),
);
const EXACT = perLocale(
  locale =>
    new Intl.DateTimeFormat(locale, {
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    }),
);
const LARGE = perLocale(locale => new Intl.NumberFormat(locale, { maximumFractionDigits: 1 }));
const SMALL = perLocale(locale => new Intl.NumberFormat(locale, { maximumSignificantDigits: 5 }));

/** A length of time: `0.4 s`, `12 s`, `3:07`, `1:02:45`, `2 d 03:10`. */
export function duration(ms: number): string {
  if (!(ms > 0)) {
    return '0 s';
  }
  if (ms < 9950) {
    return `${(ms / 1000).toFixed(1)} s`;
  }
  const total = Math.round(ms / 1000);
  if (total < 60) {
    return `${total} s`;
  }
  const seconds = String(total % 60).padStart(2, '0');
  const minutes = Math.floor(total / 60) % 60;
  const hours = Math.floor(total / 3600) % 24;
  const days = Math.floor(total / 86400);
  const padded = String(minutes).padStart(2, '0');
  if (days) {
    return `${days} d ${String(hours).padStart(2, '0')}:${padded}`;
  }
  return hours ? `${hours}:${padded}:${seconds}` : `${minutes}:${seconds}`;
}

const UNITS: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ['second', 60],
  ['minute', 60],
  ['hour', 24],
  ['day', 7],
  ['week', 4.35],
  ['month', 12],
  ['year', Number.POSITIVE_INFINITY],
];

/** How long ago: `5m ago`, `yesterday`. */
export function relativeTime(time: string | number, now: number, locale: string): string {
  // The clock ticks now and then, and what has just arrived is not in the future.
  let left = Math.min(0, (new Date(time).getTime() - now) / 1000);
  const format = AGO(locale);
  if (Math.abs(left) < 5) {
    return format.format(0, 'second');
  }
  for (const [unit, size] of UNITS) {
    if (Math.abs(left) < size) {
      return format.format(Math.trunc(left), unit);
    }
    left /= size;
  }
  return '';
}

/** The moment in the reader's zone, to the second. */
export function exactTime(time: string | number, locale: string): string {
  return EXACT(locale).format(new Date(time));
}

/** A metric: up to five significant digits; `NaN` and the infinities as they are. */
export function metric(value: number | string | null | undefined, locale: string): string {
  if (value === null || value === undefined) {
    return '';
  }
  if (typeof value === 'string') {
    return value === 'Infinity' ? '∞' : value === '-Infinity' ? '−∞' : value;
  }
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e9)) {
    return value.toExponential(3);
  }
  return (size >= 10_000 ? LARGE : SMALL)(locale).format(value);
}

const SIZES = ['B', 'kB', 'MB', 'GB', 'TB'];

/** Bytes in powers of 1000: `12 B`, `1.4 MB`. */
export function bytes(size: number, locale: string): string {
  const power = size < 1000 ? 0 : Math.min(Math.floor(Math.log10(size) / 3), SIZES.length - 1);
  const value = size / 1000 ** power;
  const digits = power && value < 100 ? 1 : 0;
  return `${new Intl.NumberFormat(locale, { maximumFractionDigits: digits }).format(value)} ${SIZES[power]}`;
}
