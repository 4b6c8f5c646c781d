export * from "./api.ts";
export * from "./client.ts";
export * as display from "./display.ts";
export * from "./events.ts";
