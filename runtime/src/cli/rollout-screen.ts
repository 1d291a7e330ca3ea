const ESCAPE = '\x1b[';

/** Another screen, without cursor; the one from before comes back at the end. */
const ENTER = `${ESCAPE}?1049h${ESCAPE}?25l`;
const LEAVE = `${ESCAPE}?25h${ESCAPE}?1049l`;

/** The terminal shows everything between at once, where it can (https://github.com/contour-terminal/vt-extensions). */
const BEGIN = `${ESCAPE}?2026h${ESCAPE}H`;
const END = `${ESCAPE}J${ESCAPE}?2026l`;
const REST_OF_LINE = `${ESCAPE}K`;

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Draws the lines of a picture, none wider than the width. */
export type Drawing = (width: number) => readonly string[];

/** A picture that is drawn again and again on a terminal, in place. */
export class Screen {
  private drawing: Drawing = () => [];
  private isOpen = true;

  /** @param onEnd called when a signal asks for the end */
  constructor(
    private readonly stream: NodeJS.WriteStream,
    private readonly onEnd: () => void,
  ) {
    stream.write(ENTER);
    stream.on('resize', this.redraw);
    for (const signal of SIGNALS) {
      process.on(signal, onEnd);
    }
    process.on('exit', this.leave);
  }

  /** Draws a picture, now and whenever the terminal gets another size. What is too much for its height is left out. */
  show(drawing: Drawing): void {
    this.drawing = drawing;
    this.redraw();
  }

  /** Gives the screen from before back, with the whole picture on it. */
  close(): void {
    this.leave();
    this.stream.write(
      this.drawing(this.width)
        .map((line) => `${line}\n`)
        .join(''),
    );
    this.stream.off('resize', this.redraw);
    process.off('exit', this.leave);
    for (const signal of SIGNALS) {
      process.off(signal, this.onEnd);
    }
  }

  private get width(): number {
    return this.stream.columns || 80;
  }

  private readonly redraw = () => {
    if (this.isOpen) {
      const shown = this.drawing(this.width).slice(0, Math.max((this.stream.rows || 24) - 1, 1));
      this.stream.write(BEGIN + shown.map((line) => `${line}${REST_OF_LINE}\n`).join('') + END);
    }
  };

  private readonly leave = () => {
    if (this.isOpen) {
      this.isOpen = false;
      this.stream.write(LEAVE);
    }
  };
}
