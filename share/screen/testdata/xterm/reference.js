// A terminal to compare with: @xterm/headless with the graphemes addon, told what
// to do by frames on standard input. A frame is a letter, a length in four bytes,
// big endian, and that many bytes. Each is answered by a frame of the same letter.
//
//	n  cols,rows   a new terminal
//	w  bytes       written to it
//	d              its state, as text
//	j  bytes       written to a terminal just made: its state
//	k  bytes       written to a terminal used before: its state
//	u              of each character how it joins (4 bits) and its columns (4 bits)
'use strict';

// In Node the addon's table is read at the wrong place of a shared buffer, unless
// there is only atob, as in a browser.
const NodeBuffer = globalThis.Buffer;
globalThis.Buffer = undefined;
const { UnicodeGraphemesAddon } = require('@xterm/addon-unicode-graphemes');
globalThis.Buffer = NodeBuffer;
const { Terminal } = require('@xterm/headless');

// Bits of xterm.js's cells (common/buffer/Constants.ts).
const MODE = 0x3000000;
const HAS_EXTENDED = 0x10000000;
const PROTECTED = 0x20000000;
const FG = [[0x8000000, 0], [0x10000000, 3], [0x20000000, 4], [0x4000000, 5], [0x40000000, 6], [0x80000000, 7]];
const BG = [[0x8000000, 1], [0x4000000, 2], [0x40000000, 8], [PROTECTED, 9], [HAS_EXTENDED, 10]];
const DECORATED = 0x5a8;

class Reference {
  constructor(cols, rows) {
    this.term = new Terminal({
      cols, rows,
      scrollback: 0, // a saved cursor is kept relative to it
      allowProposedApi: true,
      logLevel: 'off',
      windowOptions: { pushTitle: true, popTitle: true },
    });
    this.term.loadAddon(new UnicodeGraphemesAddon());
    this.core = this.term._core;
    this.input = this.core._inputHandler;
    // Links are forgotten when their rows are erased, though new text can still
    // be linked to them.
    this.links = new Map();
    const service = this.core._oscLinkService;
    const register = service.registerLink.bind(service);
    service.registerLink = (data) => {
      const n = register(data);
      this.links.set(n, `${data.id ?? ''};${data.uri}`);
      return n;
    };
    this.colors = new Map();
    this.input.onColor((events) => {
      for (const e of events) {
        if (e.type === 1) this.colors.set(e.index, e.color);
        if (e.type === 2 && e.index !== undefined) this.colors.delete(e.index);
        if (e.type === 2 && e.index === undefined) {
          for (const n of [...this.colors.keys()]) if (n < 256) this.colors.delete(n);
        }
      }
    });
    this.held = NodeBuffer.alloc(0);
  }

  // write keeps an unfinished character back: cut in two, xterm.js loses some
  // whose second byte is 0x80, such as quotation marks.
  write(bytes) {
    bytes = NodeBuffer.concat([this.held, bytes]);
    let end = bytes.length;
    for (let i = 1; i <= 3 && i <= bytes.length; i++) {
      const c = bytes[bytes.length - i];
      if (c < 0x80) break;
      if (c >= 0xc0) {
        const need = c >= 0xf8 ? 1 : c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
        if (need > i) end = bytes.length - i;
        break;
      }
    }
    this.held = bytes.subarray(end);
    this.core.writeSync(bytes.subarray(0, end));
  }

  style(fg, bg, ext) {
    let bits = 0;
    for (const [mask, n] of FG) if (fg & mask) bits |= 1 << n;
    for (const [mask, n] of BG) if (bg & mask) bits |= 1 << n;
    return { fg: color(fg), bg: color(bg), bits, line: ext ? color(ext._ext) : 0, shape: ext ? (ext._ext >> 26) & 7 : 0, link: ext ? this.links.get(ext.urlId) ?? '' : '' };
  }

  // visible leaves out what can't be seen, as the model does.
  visible(s) {
    s = { ...s };
    if (!(s.bits & 0x400)) Object.assign(s, { line: 0, shape: 0, link: '' });
    else if (!s.link && !s.shape && !(s.bits & 8)) Object.assign(s, { line: 0, bits: s.bits & ~0x400 });
    return s;
  }

  rows(buffer, out) {
    for (let y = 0; y < this.term.rows; y++) {
      const line = buffer.lines.get(buffer.ybase + y);
      let text = `${y}${line.isWrapped ? '+' : ' '}`;
      let before = '';
      for (let x = 0; x < this.term.cols; x++) {
        const i = x * 3;
        const content = line._data[i];
        const width = content >>> 22;
        if (width === 0 && !(content & 0x3fffff)) {
          text += '\u25c1';
          continue;
        }
        const bg = line._data[i + 2];
        let s = this.visible(this.style(line._data[i + 1], bg, bg & HAS_EXTENDED ? line._extendedAttrs[x] : undefined));
        let chars = line.getString(x);
        if (chars === '') {
          if (s.bits & (DECORATED | 0x200)) chars = ' ';
          else s = { fg: 0, bg: s.bg, bits: 0, line: 0, shape: 0, link: '' };
        }
        const style = show(s);
        if (style !== before) text += `{${style}}`;
        before = style;
        text += chars === '' ? '\u00b7' : chars;
        if (width !== 1 + (line._data[i + 3] !== undefined && x + 1 < this.term.cols && line._data[i + 3] >>> 22 === 0 && !(line._data[i + 3] & 0x3fffff) ? 1 : 0)) text += `<${width}>`;
      }
      out.push(text);
    }
  }

  grid(name, buffer, full, out) {
    const s = buffer.savedCurAttrData;
    const saved = this.style(s.fg, s.bg);
    out.push(`${name} saved ${Math.min(buffer.savedX, this.term.cols - 1)},${buffer.savedY - buffer.ybase} ${show(saved)} ${charset(buffer.savedCharset)}`);
    if (!full) return;
    const tabs = [];
    for (let x = 0; x < this.term.cols; x++) if (buffer.tabs[x]) tabs.push(`${x} `);
    out.push(`${name} region ${buffer.scrollTop},${buffer.scrollBottom} tabs ${tabs.join('')}`);
    this.rows(buffer, out);
  }

  state() {
    const { core, input } = this;
    const { normal, alt, active } = core._bufferService.buffers;
    const out = [];
    this.grid('normal', normal, true, out);
    this.grid('alternate', alt, active === alt, out);
    out.push(`shown ${active === alt ? 'alternate' : 'normal'} cursor ${active.x},${active.y}`);
    const a = input._curAttrData;
    out.push(`style ${show(this.style(a.fg, a.bg, a.extended))}`);
    const c = core._charsetService;
    out.push(`charsets ${[0, 1, 2, 3].map((n) => charset(c._charsets[n])).join('')} level ${c.glevel} in use ${charset(c.charset)}`);
    const m = core.coreService.decPrivateModes;
    const tracking = { NONE: 0, X10: 9, VT200: 1000, DRAG: 1002, ANY: 1003 }[core.coreMouseService.activeProtocol];
    const encoding = { DEFAULT: 0, SGR: 1006, SGR_PIXELS: 1016 }[core.coreMouseService.activeEncoding];
    const on = [];
    if (m.applicationCursorKeys) on.push(1);
    if (m.origin) on.push(6);
    if (m.wraparound) on.push(7);
    if (core.optionsService.rawOptions.cursorBlink) on.push(12);
    if (!core.coreService.isCursorHidden) on.push(25);
    if (m.reverseWraparound) on.push(45);
    if (m.applicationKeypad) on.push(66);
    if (m.sendFocus) on.push(1004);
    if (m.bracketedPasteMode) on.push(2004);
    if (m.synchronizedOutput) on.push(2026);
    if (core.coreService.modes.insertMode) on.push('irm');
    if (core.optionsService.rawOptions.convertEol) on.push('lnm');
    out.push(`modes ${on.join(' ')} mouse ${tracking} ${encoding} cursor ${m.cursorStyle ?? '-'} ${m.cursorBlink === undefined ? '-' : m.cursorBlink ? 'blinks' : 'steady'}`);
    out.push(`title ${JSON.stringify(input._windowTitle)} ${JSON.stringify(input._windowTitleStack)}`);
    out.push(`icon ${JSON.stringify(input._iconName)} ${JSON.stringify(input._iconNameStack)}`);
    const colors = [...this.colors.entries()].sort((x, y) => x[0] - y[0]);
    out.push(`colors ${colors.map(([n, rgb]) => `${n}=${rgb.map((v) => v.toString(16).padStart(2, '0')).join('')}`).join(' ')}`);
    const j = input._parser.precedingJoinState;
    out.push(`last ${j === 0 ? '-' : `${(j >> 1) & 3} ${joining(j >> 3)}`}`);
    return out.join('\n');
  }
}

function color(v) {
  switch (v & MODE) {
    case 0: return 0;
    case MODE: return v & 0x3ffffff;
    default: return v & (MODE | 0xff);
  }
}

function show(s) {
  return [s.fg, s.bg, s.bits, s.line, s.shape].map((n) => n.toString(16)).join('.') + (s.link ? `.${s.link}` : '');
}

const probe = [...'#@[\\]^_`{|}~q'];

function charset(set) {
  return set ? '(' + probe.map((c) => (set[c] ? String.fromCharCode(set[c].charCodeAt(0)) : c)).join('') + ')' : '-';
}

// joining is the property Grapheme_Cluster_Break, with SpacingMark as Extend,
// since both join whatever is before.
function joining(kind) {
  kind &= 15;
  return kind === 4 ? 2 : kind;
}

function properties() {
  const terminal = new Reference(80, 24);
  const unicode = terminal.core.unicodeService;
  const table = NodeBuffer.alloc(0x110000);
  for (let c = 0xa0; c < table.length; c++) {
    const v = unicode.charProperties(c, 0);
    table[c] = (joining(v >> 3) << 4) | ((v >> 1) & 3);
  }
  return table;
}

let reference, used;

function answer(letter, body) {
  switch (letter) {
    case 'n':
      reference = new Reference(...String(body).split(',').map(Number));
      used = undefined;
      return '';
    case 'w':
      reference.write(body);
      return '';
    case 'd':
      return reference.state();
    case 'j': {
      const late = new Reference(reference.term.cols, reference.term.rows);
      late.write(body);
      return late.state();
    }
    case 'k':
      used ??= new Reference(reference.term.cols, reference.term.rows);
      used.write(body);
      return used.state();
    case 'u':
      return properties();
  }
  throw new Error(`no such frame: ${letter}`);
}

let pending = NodeBuffer.alloc(0);
process.stdin.on('data', (chunk) => {
  pending = NodeBuffer.concat([pending, chunk]);
  while (pending.length >= 5 && pending.length >= 5 + pending.readUInt32BE(1)) {
    const end = 5 + pending.readUInt32BE(1);
    const letter = String.fromCharCode(pending[0]);
    const reply = NodeBuffer.from(answer(letter, pending.subarray(5, end)));
    pending = pending.subarray(end);
    const head = NodeBuffer.alloc(5);
    head.write(letter);
    head.writeUInt32BE(reply.length, 1);
    process.stdout.write(NodeBuffer.concat([head, reply]));
  }
});
