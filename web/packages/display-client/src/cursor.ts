// The remote cursor as the browser's own: it moves with the hand, not with the network.
import type { CursorImage } from "./wire.ts";

/** Browsers ignore larger cursors. CSS pixels. */
const maximumSide = 128;
const remembered = 64;

export class CursorView {
  private readonly element: HTMLElement;
  private readonly urls = new Map<string, string>();
  private readonly canvas = document.createElement("canvas");
  /** CSS pixels of one remote pixel. */
  private scale = 1;
  private image: CursorImage | undefined;

  constructor(element: HTMLElement) {
    this.element = element;
  }

  show(image: CursorImage): void {
    this.image = image;
    this.apply();
  }

  /** The picture is shown at another scale: so is the cursor. */
  setScale(scale: number): void {
    if (scale === this.scale || !(scale > 0)) return;
    this.scale = scale;
    this.apply();
  }

  /** The cursor's picture as an address, for a pointer that is drawn. */
  get address(): { url: string; hotX: number; hotY: number; width: number; height: number } | undefined {
    const image = this.image;
    if (!image || image.width === 0) return undefined;
    return { url: this.urlOf(image, image.width, image.height), hotX: image.hotX, hotY: image.hotY, width: image.width, height: image.height };
  }

  private apply(): void {
    const image = this.image;
    if (!image) return;
    if (image.width === 0 || image.height === 0) {
      this.element.style.cursor = "none";
      return;
    }
    const scale = Math.min(this.scale, maximumSide / image.width, maximumSide / image.height);
    // Drawn in device pixels, so that it stays sharp; the browser is told how many of them a CSS pixel has.
    const dense = window.devicePixelRatio || 1;
    const width = Math.max(1, Math.round(image.width * scale * dense));
    const height = Math.max(1, Math.round(image.height * scale * dense));
    const url = this.urlOf(image, width, height);
    const hotX = Math.min(Math.round(image.hotX * scale), maximumSide - 1);
    const hotY = Math.min(Math.round(image.hotY * scale), maximumSide - 1);
    const plain = `url(${url}) ${hotX} ${hotY}, default`;
    this.element.style.cursor = plain;
    if (dense !== 1) this.element.style.cursor = `image-set(url(${url}) ${dense}x) ${hotX} ${hotY}, default`;
  }

  private urlOf(image: CursorImage, width: number, height: number): string {
    const key = `${image.serial} ${width} ${height}`;
    const known = this.urls.get(key);
    if (known !== undefined) return known;
    const source = document.createElement("canvas");
    source.width = image.width;
    source.height = image.height;
    source.getContext("2d")?.putImageData(new ImageData(image.rgba, image.width, image.height), 0, 0);
    let from = source;
    if (width !== image.width || height !== image.height) {
      this.canvas.width = width;
      this.canvas.height = height;
      this.canvas.getContext("2d")?.drawImage(source, 0, 0, width, height);
      from = this.canvas;
    }
    const url = from.toDataURL();
    if (this.urls.size >= remembered) this.urls.delete(this.urls.keys().next().value ?? "");
    this.urls.set(key, url);
    return url;
  }
}
