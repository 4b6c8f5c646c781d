import { Store } from "../state/store.ts";

export const paletteOpen = new Store<boolean>(false);

export function openPalette(): void {
  paletteOpen.set(true);
}
