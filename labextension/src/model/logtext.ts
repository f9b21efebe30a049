// Text of a log as lines, as it grows.
import { LineTimes } from './loglines';

/** A longer line is cut, and says so: it would freeze the page. */
export const LONGEST_LINE = 20_000;

/**
 * Lines of a growing text. `\r` goes back to the start of its line, so that a progress bar is its last
 * state; `\b` takes a character back.
 */
export class LogText {
  /** Every line; the last is the one that is still written to, and may be empty. */
  get lines(): readonly string[] {
    return this._lines;
  }

  /** How many lines there are to show. */
  get length(): number {
    return this._lines[this._lines.length - 1] === '' ? this._lines.length - 1 : this._lines.length;
  }

  /** When its lines were written. */
  readonly times = new LineTimes();

  /** `times` counts lines from the one that `text` begins in. */
  append(text: string, times: readonly { line: number; time_ms: number }[] = []): void {
    const begun = this._lines.length - 1;
    for (const { line, time_ms } of times) {
      // The line that goes on keeps the moment of its first character.
      if (line > 0 || this._lines[begun] === '') {
        this.times.add(begun + line, time_ms);
      }
    }
    let from = 0;
    while (from <= text.length) {
      const newline = text.indexOf('\n', from);
      const end = newline < 0 ? text.length : newline;
      this._write(text.slice(from, end));
      if (newline < 0) {
        return;
      }
      this._end();
      from = newline + 1;
    }
  }

  clear(): void {
    this._lines = [''];
    this._dropped = 0;
    this._returned = false;
    this.times.clear();
  }

  private _write(part: string): void {
    let text = part;
    const carriage = text.lastIndexOf('\r', text.length - 2);
    if (carriage >= 0 || this._returned) {
      if (text === '' || text === '\r') {
        return;
      }
      this._setLast('');
      this._dropped = 0;
      text = text.slice(carriage + 1);
    }
    // A return at the very end takes effect when something follows: `\r\n` is an ordinary end of line.
    this._returned = text.endsWith('\r');
    if (this._returned) {
      text = text.slice(0, -1);
    }
    if (text.includes('\b')) {
      text = withoutBackspaces(text);
    }
    const last = (this._lines[this._lines.length - 1] ?? '') + text;
    this._dropped += Math.max(0, last.length - LONGEST_LINE);
    this._setLast(last.length > LONGEST_LINE ? last.slice(0, LONGEST_LINE) : last);
  }

  private _end(): void {
    if (this._dropped > 0) {
      this._setLast(`${this._lines[this._lines.length - 1]} … [+${this._dropped}]`);
    }
    this._dropped = 0;
    this._returned = false;
    this._lines.push('');
  }

  private _setLast(text: string): void {
    this._lines[this._lines.length - 1] = text;
  }

  private _lines: string[] = [''];
  private _dropped = 0;
  private _returned = false;
}

function withoutBackspaces(text: string): string {
  const kept: string[] = [];
  for (const char of text) {
    if (char === '\b') {
      kept.pop();
    } else {
      kept.push(char);
    }
  }
  return kept.join('');
}
