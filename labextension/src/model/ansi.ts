// Colours in terminal output: escape sequences to pieces of text with a style.

export interface IPiece {
  text: string;
  /** Class names such as `ansi-red-fg ansi-bold`, as JupyterLab's outputs use them. */
  className: string;
  /** Colour beyond the sixteen that have class names. */
  colour?: string;
  background?: string;
}

interface IStyle {
  fg?: number | string;
  bg?: number | string;
  bold?: boolean;
  underline?: boolean;
  inverse?: boolean;
}

const NAMES = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'];
const ESCAPE = '\u001b';
// Colours and cursor moves, titles of the window, choices of character sets, keypad modes.
const SEQUENCE = new RegExp(
  [
    `${ESCAPE}\\[([0-9;:?]*)([A-Za-z])`,
    `${ESCAPE}\\][^\u0007${ESCAPE}]*(?:\u0007|${ESCAPE}\\\\)`,
    `${ESCAPE}[()][A-Z0-9]`,
    `${ESCAPE}[=>]`,
  ].join('|'),
  'g',
);

/** `line` without escape sequences. */
export function plain(line: string): string {
  return line.includes(ESCAPE) ? line.replace(SEQUENCE, '') : line;
}

/** Pieces of one line; sequences that are not about colour are dropped. */
export function pieces(line: string): IPiece[] {
  if (!line.includes(ESCAPE)) {
    return line ? [{ text: line, className: '' }] : [];
  }
  const found: IPiece[] = [];
  let style: IStyle = {};
  let from = 0;
  const add = (text: string): void => {
    if (text) {
      found.push(pieceOf(text, style));
    }
  };
  for (const match of line.matchAll(SEQUENCE)) {
    add(line.slice(from, match.index));
    from = match.index + match[0].length;
    if (match[2] === 'm') {
      style = changed(style, (match[1] ?? '').split(/[;:]/).map(Number));
    }
  }
  add(line.slice(from));
  return found;
}

function changed(style: IStyle, codes: number[]): IStyle {
  let next = { ...style };
  for (let at = 0; at < codes.length; at++) {
    const code = codes[at] ?? 0;
    if (code === 0) {
      next = {};
    } else if (code === 1) {
      next.bold = true;
    } else if (code === 4) {
      next.underline = true;
    } else if (code === 7) {
      next.inverse = true;
    } else if (code === 22) {
      next.bold = false;
    } else if (code === 24) {
      next.underline = false;
    } else if (code === 27) {
      next.inverse = false;
    } else if (code === 39) {
      next.fg = undefined;
    } else if (code === 49) {
      next.bg = undefined;
    } else if (code === 38 || code === 48) {
      const [colour, used] = extended(codes.slice(at + 1));
      at += used;
      if (code === 38) {
        next.fg = colour;
      } else {
        next.bg = colour;
      }
    } else {
      const base = Math.floor(code / 10);
      const colour = code % 10;
      if (colour <= 7 && (base === 3 || base === 9)) {
        next.fg = colour + (base === 9 ? 8 : 0);
      } else if (colour <= 7 && (base === 4 || base === 10)) {
        next.bg = colour + (base === 10 ? 8 : 0);
      }
    }
  }
  return next;
}

/** Colour after 38 or 48, and how many codes it took: `5;n` or `2;r;g;b`. */
function extended(codes: number[]): [number | string | undefined, number] {
  if (codes[0] === 5) {
    const n = codes[1] ?? 0;
    return [n < 16 ? n : rgb256(n), 2];
  }
  if (codes[0] === 2) {
    const [, red = 0, green = 0, blue = 0] = codes;
    return [`rgb(${red}, ${green}, ${blue})`, 4];
  }
  return [undefined, 0];
}

function rgb256(n: number): string {
  if (n >= 232) {
    const grey = 8 + (n - 232) * 10;
    return `rgb(${grey}, ${grey}, ${grey})`;
  }
  const level = (part: number): number => (part === 0 ? 0 : 55 + part * 40);
  const at = n - 16;
  const [red, green, blue] = [Math.floor(at / 36), Math.floor(at / 6) % 6, at % 6].map(level);
  return `rgb(${red}, ${green}, ${blue})`;
}

function pieceOf(text: string, style: IStyle): IPiece {
  const [fg, bg] = style.inverse ? [style.bg, style.fg] : [style.fg, style.bg];
  const names: string[] = [];
  const piece: IPiece = { text, className: '' };
  if (typeof fg === 'number') {
    names.push(`ansi-${nameOf(fg)}-fg`);
  } else if (fg) {
    piece.colour = fg;
  }
  if (typeof bg === 'number') {
    names.push(`ansi-${nameOf(bg)}-bg`);
  } else if (bg) {
    piece.background = bg;
  }
  if (style.inverse && fg === undefined && bg === undefined) {
    names.push('ansi-default-inverse-fg', 'ansi-default-inverse-bg');
  }
  if (style.bold) {
    names.push('ansi-bold');
  }
  if (style.underline) {
    names.push('ansi-underline');
  }
  piece.className = names.join(' ');
  return piece;
}

function nameOf(colour: number): string {
  const name = NAMES[colour % 8] ?? 'white';
  return colour >= 8 ? `${name}-intense` : name;
}
