/** Address of the decoder, put in by the build. */
declare const __WASM__: string;
