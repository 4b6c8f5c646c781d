/** Addresses of the session client's files, set by the build; fetched ahead while the workspaces page is idle. */
declare const __CLIENT_FILES__: string[];
