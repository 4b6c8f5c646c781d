/** Fetches the session client's files into the browser's cache while nothing else happens, so that a click waits for none. */
export function prefetchClient(files: readonly string[] = __CLIENT_FILES__): void {
  const run = () => {
    for (const file of files) {
      if (document.querySelector(`link[rel="prefetch"][href="${file}"]`)) continue;
      const link = document.createElement("link");
      link.rel = "prefetch";
      link.href = file;
      document.head.append(link);
    }
  };
  if ("requestIdleCallback" in window) requestIdleCallback(run, { timeout: 2000 });
  else setTimeout(run, 500);
}
