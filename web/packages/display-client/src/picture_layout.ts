// Where the canvas lies in the window, and how large: one remote pixel is one device pixel unless the picture must be fitted.

export type Fit = "sharp" | "fit";

/** A resize usually comes back within this time; until then the picture stays where it is. Milliseconds. */
const patience = 500;

export class PictureLayout {
  private readonly stage: HTMLElement;
  private readonly canvas: HTMLCanvasElement;
  private readonly scaled: (scale: number) => void;
  private fitMode: Fit = "fit";
  private zoom = 1;
  private known = "";
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** `scaled` hears of the CSS pixels of one remote pixel. */
  constructor(stage: HTMLElement, canvas: HTMLCanvasElement, scaled: (scale: number) => void) {
    this.stage = stage;
    this.canvas = canvas;
    this.scaled = scaled;
  }

  /** "fit" shrinks a picture that is larger than the window; "sharp" keeps its pixels and lets it be scrolled. */
  setFit(fit: Fit): void {
    this.fitMode = fit;
    this.known = "";
    this.update();
  }

  /** Device pixels that one remote pixel covers. */
  setZoom(zoom: number): void {
    this.zoom = zoom;
    this.known = "";
    this.update();
  }

  /** The window's size changed and the remote screen will follow. */
  expect(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.update();
    }, patience);
  }

  /** Lays out again where anything changed; cheap otherwise. */
  update(): void {
    const { canvas, stage } = this;
    const density = window.devicePixelRatio || 1;
    const state = `${canvas.width} ${canvas.height} ${stage.clientWidth} ${stage.clientHeight} ${density} ${this.timer !== undefined}`;
    if (state === this.known) return;
    this.known = state;
    let scale = this.zoom / density;
    const stretched = { width: canvas.width * scale, height: canvas.height * scale };
    const slack = 1; // rounding to device pixels
    const larger = stretched.width > stage.clientWidth + slack || stretched.height > stage.clientHeight + slack;
    const waiting = this.timer !== undefined;
    if (larger && this.fitMode === "fit" && !waiting) {
      scale = Math.min(stage.clientWidth / canvas.width, stage.clientHeight / canvas.height);
    }
    const width = canvas.width * scale;
    const height = canvas.height * scale;
    // A whole device pixel, or the picture would be resampled.
    const centred = (space: number, size: number): number => (waiting ? 0 : Math.max(0, Math.floor(((space - size) / 2) * density) / density));
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
    canvas.style.left = `${centred(stage.clientWidth, width)}px`;
    canvas.style.top = `${centred(stage.clientHeight, height)}px`;
    canvas.style.imageRendering = Number.isInteger(scale * density) ? "pixelated" : "auto";
    stage.classList.toggle("scrolls", larger && this.fitMode === "sharp");
    this.scaled(scale);
  }
}
