export type { EndOfFrame } from "./decoder.ts";
export { isExact, isReady } from "./display_stream.ts";
export { Keysym } from "./keysyms.ts";
export type { Applied } from "./measure.ts";
export type { Fit } from "./picture_layout.ts";
export { type CloseMeaning, reconnectDelay, startingDelay } from "./reconnect.ts";
export { SessionClient, type SessionElements } from "./session_client.ts";
export type { RemoteState, RemoteStatistics } from "./wire.ts";
